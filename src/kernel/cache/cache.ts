import type { Database, Tx } from '../database/database.ts';
import { readStamp } from '../database/cache.ts';
import type { Feed } from '../feed/feed.ts';
import type { Logger } from '../observability/logger.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { Presence } from '../presence/presence.ts';
import type { Redis } from '../redis/redis.ts';
import { type Counted, Counters } from './counters.ts';
import { createDatabaseTier } from './database-tier.ts';
import { createFlights } from './flights.ts';
import { type Landed, load, loadAlone, settle } from './get-value.ts';
import { type Outdated, publishOutdated, watchOutdated } from './invalidation.ts';
import { Ledger, type Stamp } from './ledger.ts';
import { type Entry, type Held, MemoryTier, type MemoryTierOptions } from './memory-tier.ts';
import type { CacheNamespace } from './namespace.ts';
import { createRedisTier } from './redis-tier.ts';

export type Cache = {
  /**
   * The value, from the nearest place that has it, else from `load`, which runs once however many ask. It must not be
   * changed: others hold the same one. Throws what `load` throws, unless an older value is within its grace.
   */
  get<V>(namespace: CacheNamespace<V>, key: string, load: () => Promise<V>): Promise<V>;
  /** Outdated in every process within 1 s of the commit, in this one before `transaction` answers. */
  invalidate(tx: Tx, outdated: Outdated): Promise<void>;
  readonly counted: () => readonly Counted[];
  readonly memory: Held & MemoryTierOptions;
  /** Null: no Redis is configured. */
  readonly redis: 'up' | 'lost' | null;
};

export type CacheOptions = {
  readonly config: MemoryTierOptions;
  readonly database: Pick<Database, 'lanes'>;
  readonly feed: Feed;
  readonly presence: Pick<Presence, 'behindMs' | 'db' | 'onPulse'>;
  readonly redis: Redis | null;
  readonly isPooled: boolean;
  readonly metrics: Pick<Metrics, 'counter'>;
  readonly log: Logger;
  readonly timing?: Partial<CacheTiming>;
};

export type CacheTiming = {
  /** So old may be what this process knows of the others; then it answers nothing from memory. */
  readonly maxBehindMs: number;
  /** While Redis is lost nothing in memory is fresh for longer. */
  readonly withoutRedisMs: number;
};

const defaultTiming: CacheTiming = { maxBehindMs: 3_000, withoutRedisMs: 30_000 };
/** The feed loads at least so much of the past when a process starts, less the longest transaction. */
const pastMs = 240_000;

export const createCache = (options: CacheOptions): Cache => {
  const { config, feed, presence, redis, log } = options;
  const { maxBehindMs, withoutRedisMs } = { ...defaultTiming, ...options.timing };
  const parts = { memory: new MemoryTier(config), ledger: new Ledger(), flights: createFlights() };
  const watch = watchOutdated(feed, parts);
  const shared = {
    ledger: parts.ledger,
    table: createDatabaseTier(options),
    redis: redis && createRedisTier(redis),
    readStamp: createStamps(options, parts.ledger, watch),
  };
  const core = { ...parts, shared, log };
  const counters = new Counters(options.metrics);
  let caughtUpAt = -Infinity;
  const look = () => {
    caughtUpAt = performance.now() - presence.behindMs;
  };
  look();
  presence.onPulse(look);

  const isFresh = (entry: Entry, now: number): boolean =>
    now < entry.freshUntil && (redis === null || redis.isUp || now - entry.storedAt < withoutRedisMs);

  return {
    get: <V>(namespace: CacheNamespace<V>, key: string, read: () => Promise<V>): Promise<V> => {
      const id = `${namespace.name}:${key}`;
      const now = performance.now();
      const entry = parts.memory.get(id);
      const counter = counters.of(namespace.name);
      const isBehind = now - caughtUpAt > maxBehindMs;
      if (entry !== undefined && !isBehind && isFresh(entry, now)) {
        counter.add('l1');
        // `as`: only what this namespace loaded is kept under its name.
        return entry.promise as Promise<V>;
      }
      // `as`: the functions of a namespace only get what it loaded itself.
      const ask = { id, key, namespace: namespace as CacheNamespace<never>, read };
      const start = (): Promise<Landed> => (isBehind ? loadAlone(ask) : load(core, ask));
      // `as`: here as above.
      return settle(core, ask, { flight: parts.flights.join(id, start), isBehind, counter }) as Promise<V>;
    },
    invalidate: (tx, outdated) => publishOutdated(feed, tx, outdated),
    counted: () => counters.all().map((counted) => ({ ...counted, ...parts.memory.heldOf(counted.namespace) })),
    get memory() {
      return { ...parts.memory.size, ...config };
    },
    get redis() {
      return redis === null ? null : redis.isUp ? 'up' : 'lost';
    },
  };
};

/** Null: PostgreSQL does not answer. The first answer also says from when on every invalidation is known. */
const createStamps =
  ({ database, log }: CacheOptions, ledger: Ledger, watch: { readonly since: number }) =>
  async (): Promise<Stamp | null> => {
    const [stamp] = await readStamp(database.lanes).catch((err: unknown) => {
      log.debug({ err }, 'what is loaded now cannot be shared: PostgreSQL does not answer');
      return [];
    });
    if (stamp === undefined) return null;
    ledger.begin(stamp.atMs - (performance.now() - watch.since) - pastMs);
    return stamp;
  };
