import type { Database } from '../database/database.ts';
import { type AppError, kernelError, toAppError } from '../error.ts';
import type { Logger } from '../observability/logger.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { Presence } from '../presence/presence.ts';
import type { Redis } from '../redis/redis.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { createKeyHash } from './key-hash.ts';
import { createLocalStore, type LocalStore } from './local-store.ts';
import { createPolicy, type Policy, type Rate } from './rate.ts';
import { createRedisStore } from './redis-store.ts';
import { type Reservation, retryAfterSeconds, windowSeconds } from './reservation.ts';
import { createSharedStore, type SharedStore } from './shared-store.ts';

/** How often anything may be done; every process has one of these. */
export type Limits = {
  /** What holds for every action, unless its head has a rate for the same key. */
  readonly defaults: { readonly actor: Policy; readonly address: Policy };
  /** A rate under a name (`module.operation-id`), with the operator's factor. Throws if it is none. */
  policyOf(name: string, rate: Omit<Rate, 'key'>): Policy;
  /** Counts in this process alone, at once. */
  readonly local: LocalStore;
  /**
   * Counts one under `key` where the policy says, before what it costs is spent. While the shared store is
   * lost, a shared policy counts in this process alone, as much as its share. Never throws.
   */
  reserve(policy: Policy, key: string): Promise<Reservation>;
  /** Gives one back that turned out to be no harm, as a sign-in with the right password. Never throws. */
  refund(reservation: Reservation): Promise<void>;
  /** Forgives everything under `key`. Throws DATABASE_UNAVAILABLE or REDIS_UNAVAILABLE if a shared store cannot be told. */
  clear(policy: Policy, key: string): Promise<void>;
  /** RATE_LIMITED for what was not allowed, counted for the operation (null: none); transports make the headers of it. */
  refuse(reservation: Reservation, operation: string | null): AppError;
};

export type LimitsConfig = {
  readonly actor: { readonly perSecond: number; readonly burst: number };
  readonly address: { readonly perSecond: number; readonly burst: number };
  /** Multiplies every limit and burst, those of heads too. */
  readonly factor: number;
};

export type LimitsOptions = {
  readonly config: LimitsConfig;
  readonly database: Pick<Database, 'lanes'>;
  /** Shared limits are counted there; null: in PostgreSQL. */
  readonly redis?: Redis | null;
  readonly presence: Pick<Presence, 'processes'>;
  readonly secrets: Pick<Secrets, 'derive'>;
  readonly metrics: Pick<Metrics, 'counter'>;
  readonly log: Logger;
  /** Milliseconds of a clock that is never set back. */
  readonly now?: () => number;
};

const sweepEveryMs = 60_000;

export const createLimits = (options: LimitsOptions): Limits => {
  const { config, presence, log, now = () => performance.now() } = options;
  const limited = options.metrics.counter({
    name: 'ashlar_rate_limited_total',
    help: 'Requests that were refused because there were too many, by operation (none: no operation).',
    labelNames: ['operation'],
  });
  const local = createLocalStore({ now, processes: () => presence.processes });
  const shared = createStore(options);
  const availability = createAvailability(log);
  let sweptAt = now();

  /** New rows come by reservations alone, so these clear away the old ones too. */
  const sweep = () => {
    if (now() - sweptAt < sweepEveryMs) return;
    sweptAt = now();
    shared.sweep().catch((thrown: unknown) => availability.lost(thrown));
  };
  const policyOf: Limits['policyOf'] = (name, { limit, burst, ...rate }) =>
    createPolicy(name, { ...rate, limit: limit * config.factor, burst: Math.ceil(burst * config.factor) });
  const defaultOf = (name: 'actor' | 'address'): Policy =>
    policyOf(name, { limit: config[name].perSecond, perSeconds: 1, burst: config[name].burst, store: 'local' });
  return {
    defaults: { actor: defaultOf('actor'), address: defaultOf('address') },
    policyOf,
    local,
    reserve: async (policy, key) => {
      if (policy.store === 'local') return local.reserve(policy, key);
      try {
        const reservation = await shared.reserve(policy, key);
        availability.found();
        sweep();
        return reservation;
      } catch (thrown) {
        availability.lost(thrown);
        return local.reserve(policy, key);
      }
    },
    refund: async (reservation) => {
      if (!reservation.isAllowed) return;
      if (reservation.store === 'local') return local.refund(reservation);
      await shared.refund(reservation).catch((thrown: unknown) => availability.lost(thrown));
    },
    clear: async (policy, key) => {
      local.clear(policy, key);
      if (policy.store === 'shared') await shared.clear(policy, key);
    },
    refuse: (reservation, operation) => {
      limited.add({ operation: operation ?? 'none' });
      return rateLimited(reservation);
    },
  };
};

const createStore = ({ database, redis = null, secrets }: LimitsOptions): SharedStore => {
  const hash = createKeyHash(() => secrets.derive('rate limits'));
  return redis === null ? createSharedStore({ database, hash }) : createRedisStore({ redis, hash });
};

const rateLimited = (reservation: Reservation): AppError => {
  const { policy } = reservation;
  const seconds = retryAfterSeconds(reservation);
  const details = {
    message: `too many requests: try again in ${seconds} s`,
    policy: policy.name,
    quota: policy.burst,
    windowSeconds: windowSeconds(policy),
    retryAfterSeconds: seconds,
  };
  return kernelError('RATE_LIMITED', { details });
};

/** Says once that the shared store is lost, and once that it is back. */
const createAvailability = (log: Logger) => {
  let isLost = false;
  return {
    lost: (thrown: unknown) => {
      if (!isLost)
        log.warn(
          { err: toAppError(thrown) },
          'shared rate limits cannot be counted together: each process counts its share',
        );
      isLost = true;
    },
    found: () => {
      if (isLost) log.info('shared rate limits are counted together again');
      isLost = false;
    },
  };
};
