import type { Bus } from '#kernel/bus/bus.ts';
import { openBus } from '#kernel/bus/open-bus.ts';
import { createFeed, type Feed } from '#kernel/feed/feed.ts';
import { Inbox } from '#kernel/feed/inbox.ts';
import type { Kernel } from '#kernel/kernel.ts';
import type { Lifecycle } from '#kernel/lifecycle.ts';
import { createAbsentPresence } from '#kernel/presence/absent-presence.ts';
import { openPresence } from '#kernel/presence/open-presence.ts';
import type { Presence } from '#kernel/presence/presence.ts';
import { openRedis } from '#kernel/redis/open-redis.ts';
import type { Redis } from '#kernel/redis/redis.ts';
import type { AppConfig } from './config.ts';
import { release } from './release.ts';

type Ground = Pick<Kernel, 'log' | 'metrics' | 'telemetry' | 'database' | 'secrets' | 'connection'> & {
  readonly config: AppConfig;
  readonly role: string | null;
};

type Connected = { readonly presence: Presence; readonly redis: Redis | null; readonly bus: Bus; readonly feed: Feed };

/** A notice may be this much older than the newest token that it could concern. */
const marginSeconds = 300;
const hurryTopic = 'kernel.feed';

/** What one process knows of the others, and tells them. A one-off command only tells. */
export const connectProcesses = async (lifecycle: Lifecycle, ground: Ground): Promise<Connected> => {
  const { config, log, metrics, database } = ground;
  const inbox = new Inbox({ windowSeconds: config.auth.tokens.accessTtlSeconds + marginSeconds, log });
  const presence = await enter(lifecycle, ground, inbox);
  const redis = await reachRedis(lifecycle, ground);
  const bus = await lifecycle.open(
    'bus',
    () => openBus({ driver: config.bus.driver, presence, database, redis, log }),
    (opened) => opened.close(),
  );
  bus.listen(hurryTopic, (sender) => {
    // Who wrote the notice has told its own listeners.
    if (sender !== presence.processId) presence.hurry();
  });
  const feed = createFeed({ inbox, log, hurry: () => bus.publish(hurryTopic, presence.processId) });
  metrics.gauge({
    name: 'ashlar_feed_lag_seconds',
    help: 'How long ago this process last read what others have changed.',
    labelNames: [],
    read: () => presence.behindMs / 1000,
  });
  return { presence, redis, bus, feed };
};

const enter = async (lifecycle: Lifecycle, ground: Ground, inbox: Inbox): Promise<Presence> => {
  const { connection, log, role, ...observer } = ground;
  if (role === null) return createAbsentPresence();
  return lifecycle.open(
    'presence',
    () => openPresence({ ...connection, role, release, inbox, observer, log }),
    (presence) => presence.close(),
  );
};

/** The installation's own names in a server that others may use too; the same in each of its processes. */
const reachRedis = async (lifecycle: Lifecycle, { config, role, secrets, log }: Ground): Promise<Redis | null> => {
  const { url } = config.redis;
  if (url === undefined || role === null) return null;
  const prefix = `ashlar:${secrets.derive('redis').toString('hex').slice(0, 12)}:`;
  return lifecycle.open(
    'redis',
    () => openRedis({ url, prefix, log }),
    (redis) => redis.close(),
  );
};
