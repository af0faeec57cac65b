import type { z } from 'zod';

type Head<V> = {
  /** `module.things`; without a colon. */
  readonly name: string;
  /** How long a value is as good as new. */
  readonly ttlSeconds: number;
  /** For how long after that it is still served, if it cannot be loaded within 1 s or at all. Default 0. */
  readonly graceSeconds?: number;
  /** What it is made of: `invalidate` names these. Default none. */
  readonly tags?: (key: string, value: V) => readonly string[];
};

/**
 * What is cached together. Where the values are kept besides the memory of this process:
 *
 * - `process`: nowhere. They may be anything.
 * - `shared`: in Redis, if one is configured. They must be the same after JSON, and fit `value` also when another
 *   release has written them.
 * - `database`: in an unlogged table too, for what is so dear that a restart must not lose it; otherwise as `shared`.
 */
export type CacheNamespace<V = unknown> =
  | (Head<V> & { readonly tier: 'process' })
  | (Head<V> & { readonly tier: 'shared' | 'database'; readonly value: z.ZodType<V> });

/** By what an entry may be invalidated: by its key, with its namespace, or by a tag. */
export const nameOfKey = (namespace: string, key: string): string => `key:${namespace}:${key}`;
export const nameOfNamespace = (namespace: string): string => `namespace:${namespace}`;
export const nameOfTag = (tag: string): string => `tag:${tag}`;

/** The id of the one entry that a name means; null: it may mean several. */
export const idOfName = (name: string): string | null => (name.startsWith('key:') ? name.slice('key:'.length) : null);
