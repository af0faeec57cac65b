import { z } from 'zod';

import { type CacheOptions, createCache } from '#kernel/cache/cache.ts';
import type { CacheNamespace } from '#kernel/cache/namespace.ts';
import { openDatabase } from '#kernel/database/open-database.ts';
import { createFeed } from '#kernel/feed/feed.ts';
import { Inbox } from '#kernel/feed/inbox.ts';
import { createMetrics } from '#kernel/observability/create-metrics.ts';
import { startPresence } from '#kernel/presence/open-presence.ts';
import { openRedis } from '#kernel/redis/open-redis.ts';
import { buildLog, noTelemetry } from '#test/build.ts';

type Options = { readonly url: string; readonly redisUrl?: string } & Partial<Pick<CacheOptions, 'config' | 'timing'>>;

/** What a process needs to cache anything; without a bus, so that only the pulse brings invalidations. */
export const openCacheProcess = async ({ url, redisUrl, ...options }: Options) => {
  const lines: Record<string, unknown>[] = [];
  const log = buildLog(lines);
  const metrics = createMetrics();
  const observer = { metrics, telemetry: noTelemetry };
  const database = await openDatabase({ url, log, ...observer });
  const inbox = new Inbox({ windowSeconds: 1_200, log });
  const presence = startPresence({ url, isPooled: false, role: 'test', release: 'test', inbox, observer, log });
  await presence.untilPulse(5_000);
  const feed = createFeed({ inbox, log, hurry: () => undefined });
  const redis = redisUrl === undefined ? null : await openRedis({ url: redisUrl, prefix: 'ashlar:test:', log });
  await redis?.run((commands) => commands.ping());
  const cache = createCache({
    config: { maxBytes: 1_048_576, maxEntries: 1_000 },
    ...options,
    database,
    feed,
    presence,
    redis,
    metrics,
    log,
    isPooled: false,
  });
  return {
    cache,
    database,
    presence,
    metrics,
    lines,
    invalidate: (outdated: Parameters<typeof cache.invalidate>[1]) =>
      database.transaction((tx) => cache.invalidate(tx, outdated)),
    close: async () => {
      await redis?.close();
      await presence.close();
      await database.close();
    },
  };
};

export type CacheProcess = Awaited<ReturnType<typeof openCacheProcess>>;

/** Numbers, tagged with what stands before the last dot of their key. */
export const numbersIn = (
  tier: 'process' | 'shared' | 'database',
  changes: Partial<Pick<CacheNamespace, 'name' | 'ttlSeconds' | 'graceSeconds'>> = {},
): CacheNamespace<number> => ({
  name: `test.${tier}`,
  tier,
  value: z.number(),
  ttlSeconds: 60,
  tags: (key) => [key.replace(/\.[^.]*$/, '')],
  ...changes,
});
