import type { Kernel } from '#kernel/kernel.ts';
import { findEventLag } from '#kernel/events/lag-statements.ts';
import { findOldestReadyTask } from '#kernel/tasks/administration-statements.ts';
import { type SignalName, thresholds } from '../domain/thresholds.ts';
import {
  countConnections,
  findOldestOpenWrite,
  type LatestSample,
  listLatestSamples,
  type OpenWrite,
} from '../store/evaluation.ts';
import { statisticsOf } from './statistics-of.ts';

export type Reading = {
  readonly signal: SignalName;
  /** Null: there was nothing to measure, which is as it should be. */
  readonly value: number | null;
  /** Who or what, for a sentence; empty: everything together. */
  readonly detail: string;
};

type MeasureDeps = Pick<Kernel, 'database' | 'now' | 'audit'>;

const minuteMs = 60_000;
/** Of fewer requests one is too large a share. */
const leastRequests = 20;

/** Reads everything that has a threshold. What cannot be read is left out, and given to `onFailure`. */
export const measureSignals = async (
  deps: MeasureDeps,
  onFailure: (thrown: unknown) => void,
): Promise<readonly Reading[]> => {
  const parts = [measureHttp, measureProcesses, measureConnections, measureTasks, measureLags];
  const settled = await Promise.allSettled(parts.map((measure) => measure(deps)));
  for (const part of settled) if (part.status === 'rejected') onFailure(part.reason);
  return settled.flatMap((part) => (part.status === 'fulfilled' ? part.value : []));
};

/** The last two whole minutes. */
const measureHttp = async ({ database, now }: MeasureDeps): Promise<readonly Reading[]> => {
  const end = Math.floor(now().getTime() / minuteMs) * minuteMs;
  const counted = await statisticsOf(database.lanes, new Date(end - 2 * minuteMs), new Date(end));
  const { totalRequests, errorRate, p99Ms } = counted;
  const isEnough = totalRequests >= leastRequests;
  const detail = `${totalRequests} requests in two minutes`;
  return [
    { signal: 'http_error_share', value: isEnough && errorRate !== null ? errorRate * 100 : null, detail },
    { signal: 'http_p99', value: isEnough && p99Ms !== null ? p99Ms / 1000 : null, detail },
  ];
};

const measureProcesses = async ({ database }: MeasureDeps): Promise<readonly Reading[]> => {
  const samples = await listLatestSamples(database.lanes);
  const processes = samples.map((sample) => ({ ...sample, name: nameProcess(sample) }));
  const cpu = processes.map(({ name, cpuPercent: value }) => ({ name, value }));
  const memory = samples.map(({ host: name, memoryPercent: value }) => ({ name, value }));
  const disk = samples.flatMap(({ host: name, diskPercent: value }) => (value === null ? [] : [{ name, value }]));
  return [worstOf('cpu', cpu), worstOf('memory', memory), worstOf('disk', disk)];
};

const nameProcess = ({ role, host, pid }: LatestSample): string => `${role} on ${host}, process ${pid}`;

const worstOf = (signal: SignalName, all: readonly { readonly name: string; readonly value: number }[]): Reading => {
  const [worst] = all.toSorted((one, other) => other.value - one.value);
  return { signal, value: worst?.value ?? null, detail: worst?.name ?? '' };
};

const measureConnections = async ({ database }: MeasureDeps): Promise<readonly Reading[]> => {
  const [connections] = await countConnections(database.lanes);
  const { used, allowed } = connections ?? { used: 0, allowed: 1 };
  const value = (100 * used) / Math.max(allowed, 1);
  return [{ signal: 'database_connections', value, detail: `${used} of ${allowed}` }];
};

const measureTasks = async ({ database }: MeasureDeps): Promise<readonly Reading[]> => {
  const [oldest] = await findOldestReadyTask(database.lanes);
  const detail = oldest === undefined ? '' : `in the queue ${oldest.queue}`;
  return [{ signal: 'oldest_ready_task', value: oldest?.seconds ?? null, detail }];
};

/** What holds both up is an open write, if nobody works on them or somebody does. */
const measureLags = async ({ database, audit }: MeasureDeps): Promise<readonly Reading[]> => {
  const [lag] = await findEventLag(database.lanes);
  const { oldestSeconds } = audit.unsealed;
  const isLate = Math.max(lag?.seconds ?? 0, oldestSeconds) >= leastLagSeconds;
  const [write] = isLate ? await findOldestOpenWrite(database.lanes) : [];
  const holder = write === undefined ? '' : describeWrite(write);
  const subscription = lag === undefined ? '' : `of the subscription ${lag.subscription}`;
  const eventDetail = [subscription, holder].filter((part) => part !== '').join('; ');
  return [
    { signal: 'event_lag', value: lag?.seconds ?? null, detail: eventDetail },
    { signal: 'seal_lag', value: oldestSeconds, detail: holder },
  ];
};

/** Below it nobody is told, so nobody asks who it was. */
const leastLagSeconds = Math.min(
  ...thresholds.filter(({ signal }) => signal === 'event_lag' || signal === 'seal_lag').map(({ warning }) => warning),
);

const describeWrite = ({ pid, database, role, application, state, openSeconds }: OpenWrite): string => {
  const who = pid === null ? `the prepared transaction ${application ?? ''}` : `process ${pid} of PostgreSQL`;
  const facts = [
    database === null ? '' : `database ${database}`,
    role === null ? '' : `role ${role}`,
    application === null || pid === null ? '' : application,
    state ?? '',
    openSeconds === null ? '' : `open for ${Math.round(openSeconds)} s`,
  ].filter((fact) => fact !== '');
  return `the oldest open write is that of ${who} (${facts.join(', ')})`;
};
