import { listCounters, listTableUse } from '../database/cache.ts';
import type { Db } from '../database/database.ts';
import type { Cache } from './cache.ts';

const counted = ['l1', 'l2', 'l3', 'load', 'stale', 'failed', 'entries', 'bytes'] as const;

/** Over all processes that live, as of the last five seconds. */
export type NamespaceReport = {
  readonly namespace: string;
  /** Answers from memory, Redis, and the table; then loads, older values within their grace, and failures. */
  readonly hits: { readonly l1: number; readonly l2: number; readonly l3: number };
  readonly loads: number;
  readonly stale: number;
  readonly failed: number;
  readonly l1: { readonly entries: number; readonly bytes: number };
  readonly l3: { readonly entries: number; readonly bytes: number };
};

export type CacheReport = {
  readonly l1: { readonly maxEntries: number; readonly maxBytes: number };
  /** As this process sees it; null: no Redis is configured, or this is a one-off command. */
  readonly redis: Cache['redis'];
  readonly namespaces: readonly NamespaceReport[];
};

export const reportCache = async (db: Db, { memory, redis }: Pick<Cache, 'memory' | 'redis'>): Promise<CacheReport> => {
  const [rows, table] = await Promise.all([listCounters(db), listTableUse(db)]);
  const names = new Set([...rows, ...table].map(({ namespace }) => namespace));
  const namespaces = [...names].toSorted().map((namespace) => {
    const own = rows.filter((row) => row.namespace === namespace);
    const sum = (name: (typeof counted)[number]) => own.reduce((total, row) => total + (row.counters[name] ?? 0), 0);
    const { entries = 0, bytes = 0 } = table.find((use) => use.namespace === namespace) ?? {};
    return {
      namespace,
      hits: { l1: sum('l1'), l2: sum('l2'), l3: sum('l3') },
      loads: sum('load'),
      stale: sum('stale'),
      failed: sum('failed'),
      l1: { entries: sum('entries'), bytes: sum('bytes') },
      l3: { entries, bytes },
    };
  });
  const { maxEntries, maxBytes } = memory;
  return { l1: { maxEntries, maxBytes }, redis, namespaces };
};
