import { createHash } from 'node:crypto';

import { z } from 'zod';

import { newId } from '../ids.ts';
import type { Redis, RedisScript } from '../redis/redis.ts';
import type { Kept, KeptEntry } from './shared-tier.ts';

const lockMs = 30_000;

const toScript = (text: string): RedisScript => ({ text, sha: createHash('sha1').update(text).digest('hex') });

/** The text and how long it lives. */
const readScript = toScript("return {redis.call('get', KEYS[1]), redis.call('pttl', KEYS[1])}");
const unlockScript = toScript(
  "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end",
);

const answer = z.tuple([z.string().nullable(), z.number()]);
const stored = z.object({ x: z.number(), a: z.number(), g: z.array(z.string()), m: z.number(), v: z.string() });

/** L2. Whatever goes wrong with Redis is a miss: the breaker has logged it. */
export type RedisTier = {
  readonly isUp: boolean;
  read(id: string): Promise<Kept | null>;
  write(id: string, entry: KeptEntry): Promise<void>;
  /** Answers how to unlock; null: somebody else loads it. Without Redis there is nobody to wait for. */
  lock(id: string): Promise<(() => Promise<void>) | null>;
};

export const createRedisTier = (redis: Redis): RedisTier => ({
  get isUp() {
    return redis.isUp;
  },
  read: async (id) => {
    const read = answer.safeParse(await orNull(redis.script(readScript, { keys: [keyOf(id)], args: [] })));
    if (!read.success || read.data[0] === null) return null;
    const [text, livesMs] = read.data;
    const parsed = stored.safeParse(parse(text));
    if (!parsed.success) return null;
    const { x: oldestXid, a: atMs, g: tags, m: graceMs, v: value } = parsed.data;
    return { value, tags, oldestXid, atMs, freshMs: livesMs - graceMs, livesMs };
  },
  write: async (id, { value, tags, oldestXid, atMs, ttlMs, graceMs }) => {
    const text = JSON.stringify({ x: oldestXid, a: atMs, g: tags, m: graceMs, v: value });
    await orNull(redis.run((commands) => commands.set(keyOf(id), text, { PX: ttlMs + graceMs })));
  },
  lock: async (id) => {
    const token = newId();
    const key = `cache-lock:${id}`;
    const outcome = await redis
      .run((commands) => commands.set(key, token, { NX: true, PX: lockMs }))
      .catch(() => 'alone' as const);
    if (outcome === null) return null;
    return async () => {
      if (outcome !== 'alone') await orNull(redis.script(unlockScript, { keys: [key], args: [token] }));
    };
  },
});

const keyOf = (id: string): string => `cache:${id}`;

/** Redis only saves time: without it the value is loaded. */
const orNull = <T>(work: Promise<T>): Promise<T | null> => work.catch(() => null);

const parse = (text: string | null): unknown => {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return null;
  }
};
