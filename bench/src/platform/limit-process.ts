import { Pool } from 'pg';
import { RateLimiterMemory, RateLimiterPostgres } from 'rate-limiter-flexible';

import { createLimits } from '../../../src/kernel/limits/limits.ts';
import { openGround } from './ashlar-ground.ts';
import { printValue } from './print-value.ts';

/** Counts one under a key. Throws if it is not allowed, which no key of the bench is. */
type Count = (key: string) => Promise<unknown>;
type Store = 'memory' | 'postgres';

const keys = Array.from({ length: 1_000 }, (_, n) => `customer-${n}`);
const allowed = 1_000_000;

/** As a use case asks: GCRA, the keys hashed where they are stored. */
const openAshlar = async (store: Store, url: string): Promise<Count> => {
  const { database, metrics, log, ...ground } = await openGround(url);
  const rate = { perSecond: allowed, burst: allowed };
  const limits = createLimits({
    config: { actor: rate, address: rate, factor: 1 },
    database,
    presence: await ground.openPresence(),
    secrets: await ground.openSecrets(),
    metrics,
    log,
  });
  const at = store === 'memory' ? 'local' : 'shared';
  const policy = limits.policyOf('bench.count', { limit: allowed, perSeconds: 1, burst: allowed, store: at });
  return async (key) => {
    const reservation = await limits.reserve(policy, key);
    if (!reservation.isAllowed || reservation.store !== at) throw new Error(`${key} was not counted where it should`);
  };
};

/** Its windows: it has no GCRA. `BurstyRateLimiter`, which also allows bursts, is the same until one is refused. */
const openFlexible = async (store: Store, url: string): Promise<Count> => {
  const options = { points: allowed, duration: 1 };
  if (store === 'memory') {
    const limiter = new RateLimiterMemory(options);
    return (key) => limiter.consume(key);
  }
  const limiter = await new Promise<RateLimiterPostgres>((resolve, reject) => {
    const storeClient = new Pool({ connectionString: url });
    const opened: RateLimiterPostgres = new RateLimiterPostgres({ ...options, storeClient, tableName: 'rates' }, (error) =>
      error ? reject(error) : resolve(opened),
    );
  });
  return (key) => limiter.consume(key);
};

/** Per second: in memory one awaited after the other, in PostgreSQL as many at once as a busy server has. */
const measure = async (count: Count, atOnce: number, amount: number): Promise<number> => {
  const run = async (times: number): Promise<number> => {
    let next = 0;
    const startedAt = performance.now();
    const ask = async () => {
      while (next < times) await count(keys[next++ % keys.length] ?? '');
    };
    await Promise.all(Array.from({ length: atOnce }, ask));
    return (times / (performance.now() - startedAt)) * 1000;
  };
  await run(Math.max(keys.length, amount / 5));
  return run(amount);
};

const [candidate = '', what = '', url = '', amount = ''] = process.argv.slice(2);
const store = what === 'limit-memory' ? 'memory' : 'postgres';
const open = { ashlar: openAshlar, flexible: openFlexible }[candidate];
if (open === undefined) throw new Error(`there is no limiter named ${candidate}`);
printValue(await measure(await open(store, url), store === 'memory' ? 1 : 16, Number(amount)));
