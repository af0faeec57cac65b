import { openDatabase } from '#kernel/database/open-database.ts';
import { Inbox } from '#kernel/feed/inbox.ts';
import { createMetrics } from '#kernel/observability/create-metrics.ts';
import { openPresence } from '#kernel/presence/open-presence.ts';
import { openRedis } from '#kernel/redis/open-redis.ts';
import { buildLog, noMetrics, noTelemetry } from '#test/build.ts';
import { createLimits } from '../limits.ts';
import { createPolicy } from '../rate.ts';

/**
 * One of `count` processes that ask for one key as fast as they can, by a shared limit in Redis. Begins when it is told
 * to, and at the next message ends and says how many were allowed by which store.
 */
const [url = '', redisUrl = '', count = '1'] = process.argv.slice(2);
const log = buildLog();
const observer = { metrics: noMetrics, telemetry: noTelemetry };
const database = await openDatabase({ url, log, ...observer });
const inbox = new Inbox({ windowSeconds: 60, log });
const identity = { isPooled: false, role: 'test', release: 'test' };
const presence = await openPresence({ url, ...identity, inbox, observer, log });
const redis = await openRedis({ url: redisUrl, prefix: 'ashlar:test:', log });
const limits = createLimits({
  config: { actor: { perSecond: 50, burst: 100 }, address: { perSecond: 20, burst: 40 }, factor: 1 },
  database,
  redis,
  presence,
  secrets: { derive: () => Buffer.alloc(32, 1) },
  metrics: createMetrics(),
  log,
});
const policy = createPolicy('race', { limit: 40, perSeconds: 1, burst: 40, store: 'shared' });

const seen = { shared: 0, local: 0, refused: 0, failed: 0 };
let isRunning = true;
const ask = async () => {
  while (isRunning) {
    try {
      const { isAllowed, store } = await limits.reserve(policy, 'the same');
      seen[isAllowed ? store : 'refused'] += 1;
    } catch {
      seen.failed += 1;
    }
    // What is counted in memory answers at once: messages must get through all the same.
    await new Promise((resolve) => setImmediate(resolve));
  }
};

const untilAll = new Promise<void>((resolve) => {
  presence.onPulse(() => {
    if (presence.processes === Number(count) && redis.isUp) resolve();
  });
});
await untilAll;
const say = (what: string | typeof seen): void => void process.send?.(what);
say('ready');
process.once('message', () => {
  const asking = Promise.all(Array.from({ length: 4 }, ask));
  process.once('message', () => {
    isRunning = false;
    void asking.then(async () => {
      say(seen);
      await redis.close();
      await presence.close();
      await database.close();
      process.channel?.unref();
    });
  });
});
