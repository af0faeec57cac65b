import { join } from 'node:path';
import postgres from 'postgres';

import type { Children } from './host/children.ts';
import { type Cluster, openCluster } from './host/postgres.ts';
import { median } from './median.ts';
import { formatGoals, type Goal } from './report/goals.ts';
import { formatTable } from './report/table.ts';

export type PlatformContext = {
  readonly children: Children;
  readonly directory: string;
  readonly benchRoot: string;
  readonly rounds: number;
  readonly tasks: number;
  readonly starts: number;
  readonly events: number;
  readonly heldSeconds: number;
  readonly hits: number;
};

type Row = { readonly what: 'throughput' | 'start' | 'effects' | 'hit'; readonly candidate: string; readonly name: string };

const rows: readonly Row[] = [
  { what: 'throughput', candidate: 'ashlar', name: 'Ashlar, no results' },
  { what: 'throughput', candidate: 'ashlar-keeping', name: 'Ashlar, results kept' },
  { what: 'throughput', candidate: 'graphile', name: 'graphile-worker, batched' },
  { what: 'throughput', candidate: 'pg-boss', name: 'pg-boss, batched' },
  { what: 'effects', candidate: 'ashlar-events', name: 'Ashlar, events with one insert' },
  { what: 'effects', candidate: 'graphile-effects', name: 'graphile-worker, unbatched, jobs with one insert' },
  { what: 'start', candidate: 'ashlar', name: 'Ashlar' },
  { what: 'start', candidate: 'graphile', name: 'graphile-worker' },
  { what: 'hit', candidate: 'ashlar', name: 'Ashlar' },
  { what: 'hit', candidate: 'bento', name: 'BentoCache' },
  { what: 'hit', candidate: 'bento-plain', name: 'BentoCache, values not serialized' },
];

const keyOf = ({ what, candidate }: Pick<Row, 'what' | 'candidate'>): string => `${what} ${candidate}`;

/** One run: the candidates take turns on one server, each time in a new process with a new database. */
export const runPlatformBench = async (context: PlatformContext): Promise<void> => {
  const cluster = await openCluster(context.children, join(context.benchRoot, '..'), context.directory);
  const measured = new Map<string, number[]>(rows.map((row) => [keyOf(row), []]));
  for (let round = 0; round < context.rounds; round += 1) {
    // Another order each round: who comes first finds the machine as the one before left it.
    for (const row of [...rows.slice(round % rows.length), ...rows.slice(0, round % rows.length)]) {
      const amount = { throughput: context.tasks, start: context.starts, effects: context.events, hit: context.hits }[row.what];
      process.stderr.write(`round ${round + 1}: ${keyOf(row)}\n`);
      measured.get(keyOf(row))?.push(await measureOne(context, cluster, { ...row, amount }));
    }
  }
  process.stderr.write(`${context.heldSeconds} s beside an open transaction\n`);
  const kept = await measureOne(context, cluster, { what: 'held', candidate: 'ashlar', amount: context.heldSeconds });
  const of = (what: Row['what'], candidate: string) => median(measured.get(keyOf({ what, candidate })) ?? []);

  process.stdout.write(`${formatRows(of)}\n\n${formatGoals(listGoals(of, kept))}\n`);
};

const figures = {
  throughput: { label: '', unit: 'tasks/s', digits: 0 },
  start: { label: ': enqueue to start, p50', unit: 'ms', digits: 2 },
  effects: { label: '', unit: 'effects/s', digits: 0 },
  hit: { label: ': hit in memory', unit: 'ns', digits: 0 },
} as const satisfies Record<Row['what'], unknown>;

type Find = (what: Row['what'], candidate: string) => number;

const formatRows = (of: Find): string =>
  formatTable(
    ['', 'figure', 'unit'],
    rows.map(({ what, candidate, name }) => [
      `${name}${figures[what].label}`,
      of(what, candidate).toFixed(figures[what].digits),
      figures[what].unit,
    ]),
  );

const listGoals = (of: Find, kept: number): readonly Goal[] => [
  { what: 'tasks that do nothing, against graphile-worker', atLeast: 1.5, value: of('throughput', 'ashlar') / of('throughput', 'graphile') },
  { what: 'the same, against pg-boss', atLeast: 2, value: of('throughput', 'ashlar') / of('throughput', 'pg-boss') },
  { what: 'with results kept, against pg-boss', atLeast: 1.3, value: of('throughput', 'ashlar-keeping') / of('throughput', 'pg-boss') },
  { what: 'enqueue to start, p50, against graphile-worker', atMost: 0.9, value: of('start', 'ashlar') / of('start', 'graphile') },
  { what: 'a hit in memory, against BentoCache that serializes nothing', atMost: 0.5, value: of('hit', 'ashlar') / of('hit', 'bento-plain') },
  { what: 'events with one insert, against graphile-worker unbatched', atLeast: 1.3, value: of('effects', 'ashlar-events') / of('effects', 'graphile-effects') },
  { what: 'throughput left beside an open transaction', atLeast: 0.8, value: kept },
];

type Measurement = { readonly what: string; readonly candidate: string; readonly amount: number };

const measureOne = async (
  { children, directory }: PlatformContext,
  cluster: Cluster,
  { what, candidate, amount }: Measurement,
): Promise<number> => {
  const name = `queue_${candidate.replaceAll('-', '_')}_${what}`;
  const admin = postgres(cluster.adminUrl, { max: 1, onnotice: () => undefined });
  try {
    await admin.unsafe(`drop database if exists ${name} with (force)`);
    await admin.unsafe(`create database ${name}`);
    const program = what === 'hit' ? 'cache-process.ts' : 'queue-process.ts';
    const script = join(import.meta.dirname, 'platform', program);
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], BENCH_DIRECTORY: directory, NODE_ENV: 'production' };
    const child = children.start(process.execPath, [script, candidate, what, cluster.urlOf(name), `${amount}`], { env });
    const line = await child.firstLine(900 + amount);
    await child.ended;
    await admin.unsafe(`drop database ${name} with (force)`);
    const { value } = JSON.parse(line) as { value: number };
    return value;
  } finally {
    await admin.end();
  }
};
