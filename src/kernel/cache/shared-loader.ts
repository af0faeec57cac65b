import { setTimeout as delay } from 'node:timers/promises';

import type { DatabaseTier } from './database-tier.ts';
import type { Ledger, Stamp } from './ledger.ts';
import { type CacheNamespace, nameOfKey, nameOfNamespace, nameOfTag } from './namespace.ts';
import type { RedisTier } from './redis-tier.ts';
import type { Kept } from './shared-tier.ts';

/** What L1 is to keep. Milliseconds from now; negative: no longer fresh, but within its grace. */
export type Loaded = {
  readonly value: unknown;
  readonly tags: readonly string[];
  readonly freshMs: number;
  readonly livesMs: number;
  readonly from: 'l2' | 'l3' | 'load';
};

export type SharedLoaderDeps = {
  readonly ledger: Ledger;
  /** Null: none is configured. */
  readonly redis: RedisTier | null;
  readonly table: DatabaseTier;
  readonly readStamp: () => Promise<Stamp | null>;
};

export type SharedNamespace = Extract<CacheNamespace<never>, { tier: 'shared' | 'database' }>;

export type Wanted = {
  readonly id: string;
  readonly key: string;
  readonly namespace: SharedNamespace;
  readonly read: () => Promise<unknown>;
  /** Takes what is no longer fresh, for whoever cannot wait. */
  readonly keepOlder: (older: Loaded) => void;
};

const waitMs = 1_000;
const pollMs = 25;
const maxSharedChars = 1_048_576;

/** L2, L3, then the load: one among all processes as long as it takes no more than a second. */
export const loadShared = async (deps: SharedLoaderDeps, wanted: Wanted): Promise<Loaded> => {
  await beginLedger(deps);
  const kept = await readTiers(deps, wanted);
  if (kept !== null && kept.freshMs > 0) return kept;
  if (kept !== null) wanted.keepOlder(kept);
  const unlock = await lockOrWait(deps, wanted);
  if (typeof unlock !== 'function') return unlock;
  try {
    // Whoever had the lock before may have stored it meanwhile.
    const newer = await readTiers(deps, wanted);
    return newer !== null && newer.freshMs > 0 ? newer : await loadAndStore(deps, wanted);
  } finally {
    await unlock();
  }
};

/** The namespace that a process asks first pays one statement more. */
const beginLedger = async ({ ledger, readStamp }: SharedLoaderDeps): Promise<void> => {
  if (!ledger.isReady) await readStamp();
};

const lockOrWait = async (deps: SharedLoaderDeps, wanted: Wanted): Promise<Loaded | (() => Promise<void>)> => {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const unlock = await lock(deps, wanted);
    if (unlock !== null) return unlock;
    await delay(pollMs);
    const kept = await readTiers(deps, wanted);
    if (kept !== null && kept.freshMs > 0) return kept;
    if (performance.now() > deadline) return () => Promise.resolve();
  }
};

const lock = ({ redis, table }: SharedLoaderDeps, { id, namespace }: Wanted): Promise<(() => Promise<void>) | null> => {
  if (redis?.isUp === true) return redis.lock(id);
  // Without a common place for the value there is nothing to wait for.
  return namespace.tier === 'database' ? table.lock(id) : Promise.resolve(() => Promise.resolve());
};

/** From L2, else from L3, which then fills L2. */
const readTiers = async (deps: SharedLoaderDeps, wanted: Wanted): Promise<Loaded | null> => {
  const { redis, table } = deps;
  const { id, key, namespace } = wanted;
  const l2 = redis?.isUp === true ? accept(deps, wanted, await redis.read(id)) : null;
  if (l2 !== null || namespace.tier === 'shared') return l2 && { ...l2.loaded, from: 'l2' };
  const kept = await table.read({ namespace: namespace.name, key });
  const l3 = accept(deps, wanted, kept);
  if (l3 === null) return null;
  if (redis?.isUp === true && l3.kept.freshMs > 0) {
    const { freshMs, livesMs } = l3.kept;
    await redis.write(id, { ...l3.kept, ttlMs: Math.ceil(freshMs), graceMs: Math.ceil(livesMs - freshMs) });
  }
  return { ...l3.loaded, from: 'l3' };
};

type Accepted = { readonly kept: Kept; readonly loaded: Omit<Loaded, 'from'> };

/** Null also if it was loaded before an invalidation, or by a release with other shapes. */
const accept = ({ ledger }: SharedLoaderDeps, { key, namespace }: Wanted, kept: Kept | null): Accepted | null => {
  if (kept === null || kept.livesMs <= 0) return null;
  if (!ledger.accepts(namesOf(namespace.name, key, kept.tags), kept)) return null;
  const parsed = namespace.value.safeParse(parse(kept.value));
  if (!parsed.success) return null;
  const { tags, freshMs, livesMs } = kept;
  return { kept, loaded: { value: parsed.data, tags, freshMs, livesMs } };
};

const loadAndStore = async (deps: SharedLoaderDeps, wanted: Wanted): Promise<Loaded> => {
  const { id, key, namespace, read } = wanted;
  const stamp = await deps.readStamp();
  const since = deps.ledger.turn;
  const value = await read();
  // `as`: the namespace's own function gets what the namespace's own load gave.
  const tags = namespace.tags?.(key, value as never) ?? [];
  const ttlMs = namespace.ttlSeconds * 1000;
  const graceMs = (namespace.graceSeconds ?? 0) * 1000;
  const text = JSON.stringify(value);
  const names = namesOf(namespace.name, key, tags);
  if (stamp !== null && text.length <= maxSharedChars && deps.ledger.isUntouched(names, since)) {
    const entry = { ...stamp, value: text, tags, ttlMs, graceMs };
    if (namespace.tier === 'database') await deps.table.write({ namespace: namespace.name, key }, entry);
    if (deps.redis?.isUp === true) await deps.redis.write(id, entry);
  }
  return { value, tags, freshMs: ttlMs, livesMs: ttlMs + graceMs, from: 'load' };
};

export const namesOf = (namespace: string, key: string, tags: readonly string[]): readonly string[] => [
  nameOfKey(namespace, key),
  nameOfNamespace(namespace),
  ...tags.map(nameOfTag),
];

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
