import { measureStartup, type Startup } from './ashlar/measure-startup.ts';
import { type Proof, proveTelemetry } from './ashlar/proof.ts';
import type { Candidate, Server } from './candidates.ts';
import {
  type Contender,
  contendersOf,
  type Decay,
  measureDecay,
  type Measured,
  measureRounds,
  type Trouble,
} from './measure.ts';
import { describeDecay, describeDisturbance, describeMachine, describeProof } from './report/describe.ts';
import { formatGoals, listGoals } from './report/goals.ts';
import { formatWorkload } from './report/workload-table.ts';
import { type BenchContext, prepare, type Setting } from './setting.ts';
import { workloads } from './workloads.ts';

/** One run: everything is built, started, measured side by side and told. False if something did not work. */
export const runHttpBench = async (context: BenchContext): Promise<boolean> => {
  const setting = await prepare(context);
  const { servers, contenders, unstarted } = await startAll(setting);
  const proof = await proveAshlar(setting, contenders);
  const spansBefore = setting.sink.spans();
  const measured = [...(await measureRounds(setting.bench, contenders)), ...unstarted];
  const spansUnderLoad = setting.sink.spans() - spansBefore;
  const { ashlarDecay, controls, failures } = await measureDecays(setting, contenders);
  for (const server of servers) await server.stop();
  if (proof !== null && !proof.isWhole)
    failures.push('Ashlar ran without its log lines or its traces: its figures do not count');
  const startup = await tryStartup(setting, context.directory, failures);
  setting.sink.close();

  const print = (text: string): void => void process.stdout.write(`${text}\n\n`);
  print(describeMachine(setting.builds, context.options));
  for (const workload of workloads) {
    if (measured.some((entry) => entry.workload === workload.id)) print(formatWorkload(workload, measured));
  }
  for (const decay of [ashlarDecay, ...controls]) if (decay !== null) print(describeDecay(decay));
  if (proof !== null) print(describeProof(proof, spansUnderLoad));
  const disturbance = describeDisturbance(measured);
  if (disturbance !== null) print(disturbance);
  print(formatGoals(listGoals({ measured, decay: ashlarDecay, startup })));
  const broken = measured.flatMap(({ name, trouble }) =>
    trouble?.what === 'BROKEN' ? [`${name}: ${trouble.why}`] : [],
  );
  for (const failure of new Set([...broken, ...failures])) print(`BROKEN: ${failure}`);
  return broken.length === 0 && failures.length === 0;
};

type Started = { readonly servers: Server[]; readonly contenders: Contender[]; readonly unstarted: Measured[] };

/** Who cannot be started is named, and the others are measured. */
const startAll = async ({ candidates, bench }: Setting): Promise<Started> => {
  const started: Started = { servers: [], contenders: [], unstarted: [] };
  for (const candidate of candidates) {
    bench.say(`starting ${candidate.id}`);
    const trouble = await startInto(started, candidate);
    if (trouble === null) continue;
    const { entries } = candidate;
    started.unstarted.push(...entries.map(({ workload, name }) => ({ workload, name, figures: null, trouble })));
  }
  return started;
};

const startInto = async ({ servers, contenders }: Started, candidate: Candidate): Promise<Trouble | null> => {
  if (candidate.absent !== null) return { what: 'absent', why: candidate.absent };
  try {
    const server = await candidate.start();
    servers.push(server);
    contenders.push(...contendersOf(candidate, server));
    return null;
  } catch (error) {
    return { what: 'BROKEN', why: String(error) };
  }
};

const rowOf = (contenders: readonly Contender[], name: string): Contender | undefined =>
  contenders.find((contender) => contender.name === name && contender.workload.id === 'row');

const proveAshlar = async ({ logFile, sink }: Setting, contenders: readonly Contender[]): Promise<Proof | null> => {
  const row = rowOf(contenders, 'Ashlar');
  return row === undefined ? null : proveTelemetry(row, logFile, sink);
};

type Decays = { readonly ashlarDecay: Decay | null; readonly controls: Decay[]; readonly failures: string[] };

const measureDecays = async ({ bench, stockPool }: Setting, contenders: readonly Contender[]): Promise<Decays> => {
  const { decaySeconds, control } = bench.options;
  const found: Decays = { ashlarDecay: null, controls: [], failures: [] };
  if (decaySeconds === 0) return found;
  const measure = async (contender: Contender | undefined): Promise<Decay | null> => {
    if (contender === undefined) return null;
    bench.say(`${contender.name}: ${decaySeconds} s of sustained load`);
    const decay = await measureDecay(bench, contender);
    if (typeof decay !== 'string') return decay;
    found.failures.push(`${contender.name} under sustained load: ${decay}`);
    return null;
  };
  const ashlarDecay = await measure(rowOf(contenders, 'Ashlar'));
  if (!control) return { ...found, ashlarDecay };
  const server = await stockPool.start();
  const stock = await measure(contendersOf(stockPool, server)[0]);
  await server.stop();
  const raw = await measure(rowOf(contenders, 'node:http'));
  return { ...found, ashlarDecay, controls: [stock, raw].filter((decay) => decay !== null) };
};

const tryStartup = async (setting: Setting, directory: string, failures: string[]): Promise<Startup | null> => {
  const { bench, program, candidates, ashlarUrl } = setting;
  if (program.absent !== null || !candidates.some(({ id }) => id === 'ashlar')) return null;
  bench.say('starting and stopping Ashlar');
  try {
    return await measureStartup({ program, external: ashlarUrl, directory, starts: bench.options.starts });
  } catch (error) {
    failures.push(`start-up of Ashlar: ${String(error)}`);
    return null;
  }
};
