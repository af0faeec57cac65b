/** What is measured. */
export const rowIds = [
  'throughput',
  'start',
  'held',
  'event',
  'hit',
  'limit-memory',
  'limit-postgres',
  'audit',
  'idle',
  'chain',
] as const;
export type RowId = (typeof rowIds)[number];

/** One candidate in one row; `held` is measured once, at the end. */
export type Entry = { readonly row: Exclude<RowId, 'held'>; readonly candidate: string; readonly name: string };

export const entries: readonly Entry[] = [
  { row: 'throughput', candidate: 'ashlar', name: 'Ashlar, no results' },
  { row: 'throughput', candidate: 'ashlar-keeping', name: 'Ashlar, results kept' },
  { row: 'throughput', candidate: 'graphile', name: 'graphile-worker, batched' },
  { row: 'throughput', candidate: 'pg-boss', name: 'pg-boss, batched' },
  { row: 'start', candidate: 'ashlar', name: 'Ashlar' },
  { row: 'start', candidate: 'graphile', name: 'graphile-worker' },
  { row: 'event', candidate: 'ashlar', name: 'Ashlar' },
  { row: 'event', candidate: 'graphile', name: 'graphile-worker, unbatched' },
  { row: 'hit', candidate: 'ashlar', name: 'Ashlar' },
  { row: 'hit', candidate: 'bento', name: 'BentoCache' },
  { row: 'hit', candidate: 'bento-plain', name: 'BentoCache, values not serialized' },
  { row: 'limit-memory', candidate: 'ashlar', name: 'Ashlar' },
  { row: 'limit-memory', candidate: 'flexible', name: 'rate-limiter-flexible' },
  { row: 'limit-postgres', candidate: 'ashlar', name: 'Ashlar' },
  { row: 'limit-postgres', candidate: 'flexible', name: 'rate-limiter-flexible' },
  { row: 'audit', candidate: 'ashlar', name: 'Ashlar, sealed' },
  { row: 'audit', candidate: 'row-chain', name: 'a hash chain of rows' },
  { row: 'idle', candidate: 'ashlar', name: 'Ashlar' },
  { row: 'chain', candidate: 'ashlar', name: 'Ashlar' },
  { row: 'chain', candidate: 'fastify', name: 'Fastify with plugins' },
];

export const keyOf = ({ row, candidate }: Pick<Entry, 'row' | 'candidate'>): string => `${row} ${candidate}`;

export const figures: Readonly<Record<Entry['row'], { label: string; unit: string; digits: number }>> = {
  throughput: { label: 'tasks that do nothing', unit: 'tasks/s', digits: 0 },
  start: { label: 'enqueue to start, p50', unit: 'ms', digits: 2 },
  event: { label: 'events that insert a row', unit: 'events/s', digits: 0 },
  hit: { label: 'hit in memory', unit: 'ns', digits: 0 },
  'limit-memory': { label: 'rate limit in memory', unit: '/s', digits: 0 },
  'limit-postgres': { label: 'rate limit in PostgreSQL', unit: '/s', digits: 0 },
  audit: { label: 'audited changes', unit: 'changes/s', digits: 0 },
  idle: { label: 'idle process', unit: 'statements/s', digits: 2 },
  chain: { label: 'the HTTP chain', unit: 'requests/s', digits: 0 },
};
