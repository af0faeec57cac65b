import type { Candidate, Server } from './candidates.ts';
import type { Generator } from './load/open-generator.ts';
import type { LoadResult } from './load/job.ts';
import { median } from './median.ts';
import type { Options } from './options.ts';
import { type Probe, probe, toWire } from './probe.ts';
import { type Workload, type WorkloadId, workloads } from './workloads.ts';

/** One candidate in one workload: its medians, or why there are none. */
export type Measured = {
  readonly workload: WorkloadId;
  readonly name: string;
  readonly figures: Figures | null;
  /** Why there are no figures; null if there are. */
  readonly trouble: Trouble | null;
};

/** Absent: it cannot run on this machine. Broken: it runs and does not do its work. */
export type Trouble = { readonly what: 'absent' | 'BROKEN'; readonly why: string };

/** Medians of the rounds; microseconds of CPU for each request. */
export type Figures = {
  readonly requestsPerSecond: number;
  readonly cpu: number;
  readonly databaseCpu: number;
  readonly generatorCpu: number;
  /** Cores that the server kept busy. */
  readonly cores: number;
  /** Cores that processes outside of the bench kept busy meanwhile. */
  readonly otherCores: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly memory: number;
};

export type Contender = {
  readonly workload: Workload;
  readonly name: string;
  readonly path: string;
  readonly server: Server;
};

export type Bench = {
  readonly generator: Generator;
  readonly databasePid: number;
  readonly options: Options;
  say(text: string): void;
};

/** What one load needs of it. */
export type LoadBench = Pick<Bench, 'generator' | 'databasePid'> & {
  readonly options: Pick<Options, 'connections' | 'warmupSeconds'>;
};

type Slot = Contender & { readonly rounds: LoadResult[]; broken: string | null };

/** Everything that runs is alive all the time; only one is under load, and the order turns with every round. */
export const measureRounds = async (bench: Bench, contenders: readonly Contender[]): Promise<Measured[]> => {
  const wanted = bench.options.workloads;
  const slots: Slot[] = contenders
    .filter(({ workload }) => wanted === null || wanted.includes(workload.id))
    .map((contender) => ({ ...contender, rounds: [], broken: null }));
  bench.say('warming everything');
  for (const slot of slots) await loadOnce(bench, slot, bench.options.firstWarmupSeconds);
  for (let round = 0; round < bench.options.rounds; round += 1) {
    for (const workload of workloads) {
      const ofWorkload = slots.filter((slot) => slot.workload === workload);
      const turn = round % Math.max(1, ofWorkload.length);
      for (const slot of [...ofWorkload.slice(turn), ...ofWorkload.slice(0, turn)]) {
        if (slot.broken === null) await measureOnce(bench, slot);
        bench.say(`round ${round + 1}/${bench.options.rounds}  ${workload.id.padEnd(5)} ${slot.name}: ${lastOf(slot)}`);
      }
    }
  }
  return slots.map(summarise);
};

/** Loads a contender once, after a look whether its answers are right. */
export const loadOnce = async (
  { generator, databasePid, options }: LoadBench,
  { workload, path, server }: Omit<Contender, 'name'>,
  seconds: number,
): Promise<LoadResult | string> => {
  const token = await server.token();
  const target = { port: server.port, path, token };
  const answers = await probe(workload, target).catch((error: unknown): Probe => ({
    ok: false,
    reason: `no answer: ${String(error)}`,
  }));
  if (!answers.ok) return answers.reason;
  const result = await generator.load({
    port: server.port,
    request: toWire(server.port, workload.request(path, token)),
    body: answers.body,
    connections: options.connections,
    warmupSeconds: options.warmupSeconds,
    seconds,
    serverPid: server.pid,
    databasePid,
  });
  const [what, times] = Object.entries(result.errors)[0] ?? [];
  if (what !== undefined) return `under load: ${what} (${times} times)`;
  return result.requests === 0 ? 'no answer under load' : result;
};

const measureOnce = async (bench: Bench, slot: Slot): Promise<void> => {
  const result = await loadOnce(bench, slot, bench.options.seconds);
  if (typeof result === 'string') slot.broken = result;
  else slot.rounds.push(result);
};

const lastOf = ({ broken, rounds }: Slot): string => {
  const last = rounds.at(-1);
  if (broken !== null || last === undefined) return `BROKEN, ${broken}`;
  return `${Math.round(last.requests / last.seconds)}/s, ${(last.serverCpu / last.requests).toFixed(1)} µs`;
};

const summarise = ({ workload, name, broken, rounds }: Slot): Measured => {
  const of = (figure: (result: LoadResult) => number) => median(rounds.map(figure));
  const figures: Figures = {
    requestsPerSecond: of((r) => r.requests / r.seconds),
    cpu: of((r) => r.serverCpu / r.requests),
    databaseCpu: of((r) => r.databaseCpu / r.requests),
    generatorCpu: of((r) => r.generatorCpu / r.requests),
    cores: of((r) => r.serverCpu / r.seconds / 1e6),
    otherCores: of((r) => r.otherCpu / r.seconds / 1e6),
    p50Ms: of((r) => r.p50Ms),
    p99Ms: of((r) => r.p99Ms),
    memory: of((r) => r.serverMemory),
  };
  const common = { workload: workload.id, name };
  return broken === null
    ? { ...common, figures, trouble: null }
    : { ...common, figures: null, trouble: { what: 'BROKEN', why: broken } };
};

export const contendersOf = (candidate: Candidate, server: Server): Contender[] =>
  candidate.entries.flatMap(({ workload: id, name, path }) =>
    workloads.filter((workload) => workload.id === id).map((workload) => ({ workload, name, path, server })),
  );

export type Decay = {
  readonly name: string;
  readonly ratio: number;
  readonly first: number;
  readonly last: number;
  readonly result: LoadResult;
};

/** Sustained load: the last sixth (10 s of 60) against the first. A string says why there is no figure. */
export const measureDecay = async (bench: Bench, contender: Contender): Promise<Decay | string> => {
  const { decaySeconds } = bench.options;
  const result = await loadOnce(bench, contender, decaySeconds);
  if (typeof result === 'string') return result;
  const window = Math.max(1, Math.round(decaySeconds / 6));
  const mean = (part: readonly number[]) => part.reduce((sum, count) => sum + count, 0) / part.length;
  const first = mean(result.perSecond.slice(0, window));
  const last = mean(result.perSecond.slice(-window));
  return { name: contender.name, ratio: last / first, first, last, result };
};
