import type { Logger } from '../observability/logger.ts';
import type { NamespaceCounter } from './counters.ts';
import type { Ledger } from './ledger.ts';
import type { Entry, MemoryTier } from './memory-tier.ts';
import type { CacheNamespace } from './namespace.ts';
import { type Loaded, loadShared, namesOf, type SharedLoaderDeps } from './shared-loader.ts';

/** For how long anybody waits before an older value will do. */
const patienceMs = 1_000;
/** After a load that failed an older value is served for so long before the next one. */
const retryMs = 1_000;

export type Ask = {
  readonly id: string;
  readonly key: string;
  readonly namespace: CacheNamespace<never>;
  readonly read: () => Promise<unknown>;
};

export type Landed = { readonly value: unknown; readonly from: Loaded['from'] };

export type Core = {
  readonly memory: MemoryTier;
  readonly ledger: Ledger;
  readonly shared: SharedLoaderDeps;
  readonly log: Logger;
};

/** For a process that does not know what was invalidated. */
export const loadAlone = async ({ read }: Ask): Promise<Landed> => ({ value: await read(), from: 'load' });

/** From wherever it is; kept, unless it was invalidated meanwhile. */
export const load = async (core: Core, ask: Ask): Promise<Landed> => {
  const since = core.ledger.turn;
  const { key, namespace } = ask;
  const keep = (loaded: Loaded) => keepInMemory(core, ask, { loaded, since });
  try {
    const loaded =
      namespace.tier === 'process'
        ? await loadHere(ask)
        : await loadShared(core.shared, { ...ask, key, namespace, keepOlder: keep });
    keep(loaded);
    return loaded;
  } catch (err) {
    core.log.warn({ err, namespace: namespace.name }, 'a value of the cache could not be loaded');
    throw err;
  }
};

const loadHere = async ({ key, namespace, read }: Ask): Promise<Loaded> => {
  const { tags, ttlSeconds, graceSeconds = 0 } = namespace;
  const value = await read();
  return {
    value,
    // `as`: the function of the namespace gets what its own load gave.
    tags: tags?.(key, value as never) ?? [],
    freshMs: ttlSeconds * 1000,
    livesMs: (ttlSeconds + graceSeconds) * 1000,
    from: 'load',
  };
};

type Keep = { readonly loaded: Loaded; readonly since: number };

const keepInMemory = ({ memory, ledger }: Core, { id, key, namespace }: Ask, { loaded, since }: Keep): void => {
  const { value, tags, freshMs, livesMs } = loaded;
  const names = namesOf(namespace.name, key, tags);
  if (!ledger.isUntouched(names, since)) return;
  const now = performance.now();
  memory.put(id, value, {
    namespace: namespace.name,
    names,
    storedAt: now,
    freshUntil: now + freshMs,
    staleUntil: now + livesMs,
  });
};

type Waiting = {
  readonly flight: Promise<Landed>;
  readonly isBehind: boolean;
  readonly counter: NamespaceCounter;
};

/** What the flight brings; an older value within its grace if that takes longer than 1 s or fails. */
export const settle = async (core: Core, ask: Ask, { flight, isBehind, counter }: Waiting): Promise<unknown> => {
  const hasGrace = (ask.namespace.graceSeconds ?? 0) > 0;
  try {
    const landed = hasGrace && !isBehind ? await waitAWhile(flight) : await flight;
    const older = landed === null ? findOlder(core, ask) : null;
    if (older !== null) return serveOlder(older, counter);
    const { value, from } = landed ?? (await flight);
    counter.add(from);
    return value;
  } catch (thrown) {
    const older = hasGrace ? findOlder(core, ask) : null;
    if (older === null) {
      counter.add('failed');
      throw thrown;
    }
    older.freshUntil = Math.min(older.staleUntil, performance.now() + retryMs);
    return serveOlder(older, counter);
  }
};

/** Null: it takes longer. */
const waitAWhile = async (flight: Promise<Landed>): Promise<Landed | null> => {
  const { promise: over, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(resolve, patienceMs, null);
  return Promise.race([flight, over]).finally(() => clearTimeout(timer));
};

const findOlder = ({ memory }: Core, { id }: Ask): Entry | null => {
  const entry = memory.get(id);
  return entry !== undefined && performance.now() < entry.staleUntil ? entry : null;
};

const serveOlder = (entry: Entry, counter: NamespaceCounter): Promise<unknown> => {
  counter.add('stale');
  return entry.promise;
};
