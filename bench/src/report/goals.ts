import type { Decay, Figures, Measured } from '../measure.ts';
import type { Startup } from '../ashlar/measure-startup.ts';
import type { WorkloadId } from '../workloads.ts';
import { formatTable } from './table.ts';

export type Goal = {
  readonly what: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly unit?: string;
  /** Null: not measured. */
  readonly value: number | null;
  /** Told, not judged against the release. */
  readonly information?: boolean;
};

type Findings = {
  readonly measured: readonly Measured[];
  readonly decay: Decay | null;
  readonly startup: Startup | null;
};

/** The goals, each with what this run found. */
export const listGoals = ({ measured, decay, startup }: Findings): Goal[] => {
  const find = (workload: WorkloadId, name: string): Figures | null =>
    measured.find((entry) => entry.workload === workload && entry.name === name)?.figures ?? null;
  const against = (workload: WorkloadId, name: string, figure: 'requestsPerSecond' | 'cpu'): number | null => {
    const ours = find(workload, 'Ashlar');
    const theirs = find(workload, name);
    return ours === null || theirs === null ? null : ours[figure] / theirs[figure];
  };
  const rate = (workload: WorkloadId, name: string) => against(workload, name, 'requestsPerSecond');
  return [
    { what: 'row read, requests/s against node:http + postgres.js', atLeast: 0.6, value: rate('row', 'node:http') },
    { what: 'row read, CPU against node:http + postgres.js', atMost: 1.8, value: against('row', 'node:http', 'cpu') },
    { what: 'row read against Nest on Express + jose', atLeast: 3, value: rate('row', 'Nest on Express') },
    {
      what: 'row read against Gin + pgx, verified, JSON log',
      atLeast: 2,
      value: rate('row', 'Gin + pgx, verified, JSON log'),
    },
    {
      what: '  the same, Gin on one core as Ashlar',
      atLeast: 2,
      value: rate('row', 'Gin + pgx, verified, JSON log, one core'),
    },
    { what: 'row read against Gin + pgx, bare row', atLeast: 1, value: rate('row', 'Gin + pgx, bare row') },
    { what: '  the same, Gin on one core as Ashlar', atLeast: 1, value: rate('row', 'Gin + pgx, bare row, one core') },
    { what: 'hello against node:http', atLeast: 0.92, value: rate('hello', 'node:http') },
    { what: 'POST, validated, against node:http', atLeast: 0.87, value: rate('post', 'node:http') },
    { what: 'decay: last 10 s of 60 s against the first 10 s', atLeast: 0.95, value: decay?.ratio ?? null },
    {
      what: 'row read, p99 at saturation',
      atMost: 10,
      unit: 'ms',
      value: find('row', 'Ashlar')?.p99Ms ?? null,
      information: true,
    },
    ...startupGoals(startup),
    {
      what: 'memory under load',
      atMost: 300,
      unit: 'MB',
      value: megabytes(find('row', 'Ashlar')?.memory),
      information: true,
    },
    {
      what: 'memory of the embedded PostgreSQL, idle',
      atMost: 70,
      unit: 'MB',
      value: megabytes(startup?.databaseMemory),
      information: true,
    },
  ];
};

const startupGoals = (startup: Startup | null): Goal[] => {
  const row = (what: string, atMost: number, value: number | null | undefined): Goal => ({
    what,
    atMost,
    unit: 'ms',
    value: value ?? null,
    information: true,
  });
  return [
    row('--version', 50, startup?.versionMs),
    row('--help', 50, startup?.helpMs),
    row('boot to ready, external database', 150, startup?.externalMs),
    row('boot to ready, embedded, warm', 300, startup?.warmMs),
    row('boot to ready, embedded, cold', 3000, startup?.coldMs),
    { what: 'memory at ready', atMost: 100, unit: 'MB', value: megabytes(startup?.memoryAtReady), information: true },
  ];
};

export const formatGoals = (goals: readonly Goal[]): string =>
  formatTable(
    ['goal', 'target', 'found', 'verdict'],
    goals.map((goal) => [goal.what, targetOf(goal), foundOf(goal), verdictOf(goal)]),
  );

const targetOf = ({ atLeast, atMost, unit }: Goal): string =>
  `${atLeast === undefined ? `≤ ${atMost}` : `≥ ${atLeast}`}${unit ? ` ${unit}` : ''}`;

const foundOf = ({ value, unit }: Goal): string => {
  if (value === null || Number.isNaN(value)) return '-';
  return unit === undefined ? value.toFixed(2) : `${value < 20 ? value.toFixed(1) : Math.round(value)} ${unit}`;
};

const verdictOf = ({ atLeast, atMost, value, information }: Goal): string => {
  const suffix = information === true ? ' (information)' : '';
  if (value === null || Number.isNaN(value)) return `not measured${suffix}`;
  const missedBy = atLeast === undefined ? value / (atMost ?? Infinity) - 1 : 1 - value / atLeast;
  return `${missedBy <= 0 ? 'met' : `missed by ${(missedBy * 100).toFixed(missedBy < 0.1 ? 1 : 0)} %`}${suffix}`;
};

const megabytes = (bytes: number | null | undefined): number | null =>
  bytes === null || bytes === undefined ? null : bytes / 1e6;
