import { createHash } from 'node:crypto';

import { z } from 'zod';

import type { Redis, RedisScript } from '../redis/redis.ts';
import type { KeyHash } from './key-hash.ts';
import type { Policy } from './rate.ts';
import type { SharedStore } from './shared-store.ts';

const toScript = (text: string): RedisScript => ({ text, sha: createHash('sha1').update(text).digest('hex') });

/*
 * As in gcra.ts, by the clock of Redis, in whole microseconds: doubles hold those exactly until the year 2255. A key that
 * is paid off goes by itself.
 */
const reserveScript = toScript(`
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, capacity = tonumber(ARGV[1]), tonumber(ARGV[2])
local tat = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
local after = tat + interval
if after - now > capacity then
  return {0, string.format('%.0f', tat), string.format('%.0f', tat - now)}
end
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', math.ceil((after - now) / 1000))
return {1, string.format('%.0f', after), string.format('%.0f', after - now)}`);

const refundScript = toScript(`
local tat = tonumber(redis.call('GET', KEYS[1]) or 0)
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local left = tat - math.min(tonumber(ARGV[1]), math.max(0, tonumber(ARGV[2]) - now))
if left <= now then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], string.format('%.0f', left), 'PX', math.ceil((left - now) / 1000))
return 1`);

const answer = z.tuple([z.int(), z.coerce.number(), z.coerce.number()]);

type Options = { readonly redis: Pick<Redis, 'run' | 'script'>; readonly hash: KeyHash };

/** Limits over all processes, in Redis. What it throws is the failure of Redis. */
export const createRedisStore = ({ redis, hash }: Options): SharedStore => {
  const keyOf = (policy: Policy, key: string): string => `limit:${hash(policy, key)}`;
  const microseconds = (ms: number): string => Math.round(ms * 1000).toFixed(0);
  return {
    reserve: async (policy, key) => {
      const args = [microseconds(policy.intervalMs), microseconds(policy.capacityMs)];
      const reply = await redis.script(reserveScript, { keys: [keyOf(policy, key)], args });
      const [isAllowed, charged, debt] = answer.parse(reply);
      return { policy, key, isAllowed: isAllowed === 1, debtMs: debt / 1000, store: 'shared', charged };
    },
    refund: async ({ policy, key, charged }) => {
      const args = [microseconds(policy.intervalMs), charged.toFixed(0)];
      await redis.script(refundScript, { keys: [keyOf(policy, key)], args });
    },
    clear: async (policy, key) => {
      await redis.run((client) => client.del(keyOf(policy, key)));
    },
    // Redis forgets them by itself.
    sweep: () => Promise.resolve(),
  };
};
