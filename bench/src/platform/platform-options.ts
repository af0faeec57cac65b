import { parseArgs } from 'node:util';

import { type RowId, rowIds } from './rows.ts';

export type PlatformOptions = {
  readonly rounds: number;
  readonly only: readonly RowId[];
  /** How much of each row: tasks, starts, seconds (held, idle, chain), events, hits, reservations, changes. */
  readonly amounts: Readonly<Record<RowId, number>>;
};

const standard: Readonly<Record<RowId, number>> = {
  throughput: 100_000,
  start: 500,
  held: 600,
  event: 20_000,
  hit: 1_000_000,
  'limit-memory': 1_000_000,
  'limit-postgres': 50_000,
  audit: 20_000,
  idle: 20,
  chain: 5,
};

const quick: Readonly<Record<RowId, number>> = {
  throughput: 10_000,
  start: 20,
  held: 20,
  event: 500,
  hit: 10_000,
  'limit-memory': 10_000,
  'limit-postgres': 1_000,
  audit: 500,
  idle: 5,
  chain: 1,
};

/** The option by which the amount of a row is given, and what it counts. */
const amountOptions = {
  throughput: ['tasks', 'tasks'],
  start: ['starts', 'tasks, one after the other'],
  held: ['held', 'seconds beside an open transaction'],
  event: ['events', 'events'],
  hit: ['hits', 'hits'],
  'limit-memory': ['memory-limits', 'reservations in memory'],
  'limit-postgres': ['postgres-limits', 'reservations in PostgreSQL'],
  audit: ['changes', 'audited changes'],
  idle: ['idle', 'seconds'],
  chain: ['chain', 'seconds of each load'],
} as const satisfies Record<RowId, readonly [string, string]>;

export const platformUsage = `npm --prefix bench run platform -- [options]

  --rounds <n>   interleaved rounds, of which the median counts (5)
  --only <rows>  with commas: ${rowIds.join(', ')}
  --quick        a smoke test: one round of everything, the figures mean nothing
${rowIds.map((row) => `  --${`${amountOptions[row][0]} <n>`.padEnd(22)} ${amountOptions[row][1]} (${standard[row]})`).join('\n')}
`;

/** Null: help was asked for. */
export const parsePlatformOptions = (args: readonly string[]): PlatformOptions | null => {
  const amounts = Object.fromEntries(rowIds.map((row) => [amountOptions[row][0], { type: 'string' } as const]));
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string' },
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      ...amounts,
    },
  });
  if (values.help) return null;
  const given: Readonly<Record<string, unknown>> = values;
  const usual = values.quick ? quick : standard;
  const amountOf = (row: RowId) => toAmount(amountOptions[row][0], given[amountOptions[row][0]], usual[row]);
  return {
    rounds: toAmount('rounds', values.rounds, values.quick ? 1 : 5),
    only: values.only?.split(',').map(toRow) ?? rowIds,
    amounts: {
      throughput: amountOf('throughput'),
      start: amountOf('start'),
      held: amountOf('held'),
      event: amountOf('event'),
      hit: amountOf('hit'),
      'limit-memory': amountOf('limit-memory'),
      'limit-postgres': amountOf('limit-postgres'),
      audit: amountOf('audit'),
      idle: amountOf('idle'),
      chain: amountOf('chain'),
    },
  };
};

const toRow = (text: string): RowId => {
  const row = rowIds.find((id) => id === text);
  if (row === undefined) throw new Error(`--only takes ${rowIds.join(', ')}, not ${text}`);
  return row;
};

const toAmount = (name: string, text: unknown, usual: number): number => {
  if (text === undefined) return usual;
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new Error(`--${name} takes a number above 0, not ${String(text)}`);
  return value;
};
