import { type CpuTimes, cpuBetween, readCpuTimes, readMachineCpu, readMemory } from '../host/processes.ts';
import { type Connection, openConnection } from './connection.ts';
import { createHistogram } from './histogram.ts';
import type { LoadJob, LoadResult } from './job.ts';

type Mark = {
  readonly atMs: number;
  readonly server: CpuTimes;
  readonly database: CpuTimes;
  readonly own: number;
  readonly machine: number;
};

/** A closed connection is opened again, but a server that closes them all the time is not worth a full load. */
const MAX_REOPENED = 1000;

/** Loads a server for the job's time: a closed loop, every connection has one request in flight. */
export const runLoad = async (job: LoadJob): Promise<LoadResult> => {
  const request = Buffer.from(job.request, 'latin1');
  const latencies = createHistogram();
  const errors: Record<string, number> = {};
  const seconds = new Uint32Array(Math.ceil(job.seconds) + 2);
  const state = { startedAtMs: Infinity, requests: 0, stopped: false, reopened: 0 };
  const connections = new Set<Connection>();
  const note = (what: string): void => {
    errors[what] = (errors[what] ?? 0) + 1;
  };
  const onAnswer = (sentAtMs: number, wrong: string | null): boolean => {
    const now = performance.now();
    if (wrong !== null) note(wrong);
    else if (now >= state.startedAtMs) {
      state.requests += 1;
      latencies.add(now - sentAtMs);
      const second = Math.floor((now - state.startedAtMs) / 1000);
      seconds[second] = (seconds[second] ?? 0) + 1;
    }
    return !state.stopped;
  };
  const open = (): void => {
    const connection: Connection = openConnection({ port: job.port, request, body: job.body, onAnswer, onClosed });
    connections.add(connection);
    function onClosed(reason: string): void {
      connections.delete(connection);
      if (state.stopped) return;
      note(reason);
      state.reopened += 1;
      if (state.reopened < MAX_REOPENED) setTimeout(open, 10);
    }
  };
  for (let opened = 0; opened < job.connections; opened += 1) open();

  await pause(job.warmupSeconds);
  const start = readMark(job);
  state.startedAtMs = start.atMs;
  await pause(job.seconds);
  const end = readMark(job);
  const requests = state.requests;
  state.stopped = true;
  const serverMemory = readMemory(job.serverPid, 'Rss');
  for (const connection of connections) connection.close();
  return {
    requests,
    seconds: (end.atMs - start.atMs) / 1000,
    perSecond: [...seconds.subarray(0, Math.floor(job.seconds))],
    p50Ms: latencies.quantile(0.5),
    p99Ms: latencies.quantile(0.99),
    ...cpuOf(start, end),
    serverMemory,
    errors,
  };
};

type CpuUse = Pick<LoadResult, 'serverCpu' | 'databaseCpu' | 'generatorCpu' | 'otherCpu'>;

const cpuOf = (start: Mark, end: Mark): CpuUse => {
  const serverCpu = cpuBetween(start.server, end.server);
  const databaseCpu = cpuBetween(start.database, end.database);
  const generatorCpu = end.own - start.own;
  const otherCpu = Math.max(0, end.machine - start.machine - serverCpu - databaseCpu - generatorCpu);
  return { serverCpu, databaseCpu, generatorCpu, otherCpu };
};

const readMark = (job: LoadJob): Mark => {
  const own = process.cpuUsage();
  return {
    atMs: performance.now(),
    server: readCpuTimes(job.serverPid),
    database: readCpuTimes(job.databasePid),
    own: own.user + own.system,
    machine: readMachineCpu(),
  };
};

const pause = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
