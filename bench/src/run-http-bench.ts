import { measureStartup, type Startup } from './ashlar/measure-startup.ts';
import { type Proof, proveTelemetry } from './ashlar/proof.ts';
import type { Candidate, Server } from './candidates.ts';
import { type Contender, contendersOf, type Decay, measureDecay, measureRounds } from './measure.ts';
import { describeDecay, describeMachine, describeProof } from './report/describe.ts';
import { formatGoals, listGoals } from './report/goals.ts';
import { formatWorkload } from './report/workload-table.ts';
import { type BenchContext, prepare, type Setting } from './setting.ts';
import { workloads } from './workloads.ts';

/** One run: everything is built, started, measured side by side and told. False if a candidate did not work. */
export const runHttpBench = async (context: BenchContext): Promise<boolean> => {
  const setting = await prepare(context);
  const { servers, contenders, notes } = await startAll(setting);
  const proof = await proveAshlar(setting, contenders);
  const spansBefore = setting.sink.spans();
  const measured = await measureRounds(setting.bench, contenders);
  const spansUnderLoad = setting.sink.spans() - spansBefore;
  const { ashlarDecay, controls, failures } = await measureDecays(setting, contenders);
  for (const server of servers) await server.stop();
  const startup = await tryStartup(setting, context.directory, notes);
  setting.sink.close();

  const print = (text: string): void => void process.stdout.write(`${text}\n\n`);
  print(describeMachine(setting.builds, context.options));
  for (const workload of workloads) print(formatWorkload(workload, measured, notes));
  for (const decay of [ashlarDecay, ...controls]) if (decay !== null) print(describeDecay(decay));
  for (const failure of failures) print(failure);
  if (proof !== null) print(describeProof(proof, spansUnderLoad));
  print(formatGoals(listGoals({ measured, decay: ashlarDecay, startup })));
  return notes.every((note) => !note.startsWith('BROKEN')) && measured.every(({ broken }) => broken === null);
};

type Started = { readonly servers: Server[]; readonly contenders: Contender[]; readonly notes: string[] };

/** Who cannot be started is named, and the others are measured. */
const startAll = async ({ candidates, bench }: Setting): Promise<Started> => {
  const started: Started = { servers: [], contenders: [], notes: [] };
  for (const candidate of candidates) {
    bench.say(`starting ${candidate.id}`);
    if (candidate.absent !== null) started.notes.push(`absent: ${candidate.id}: ${candidate.absent}`);
    else await startInto(started, candidate);
  }
  return started;
};

const startInto = async ({ servers, contenders, notes }: Started, candidate: Candidate): Promise<void> => {
  try {
    const server = await candidate.start();
    servers.push(server);
    contenders.push(...contendersOf(candidate, server));
  } catch (error) {
    notes.push(`BROKEN: ${candidate.id}: ${String(error)}`);
  }
};

const rowOf = (contenders: readonly Contender[], candidate: string): Contender | undefined =>
  contenders.find((contender) => contender.candidate === candidate && contender.workload.id === 'row');

const proveAshlar = async ({ logFile, sink }: Setting, contenders: readonly Contender[]): Promise<Proof | null> => {
  const row = rowOf(contenders, 'ashlar');
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
    found.failures.push(`BROKEN, sustained load not counted: ${contender.name}: ${decay}`);
    return null;
  };
  const ashlarDecay = await measure(rowOf(contenders, 'ashlar'));
  if (!control) return { ...found, ashlarDecay };
  const server = await stockPool.start();
  const stock = await measure(contendersOf(stockPool, server)[0]);
  await server.stop();
  const raw = await measure(rowOf(contenders, 'node-http'));
  return { ...found, ashlarDecay, controls: [stock, raw].filter((decay) => decay !== null) };
};

const tryStartup = async (setting: Setting, directory: string, notes: string[]): Promise<Startup | null> => {
  const { bench, program, candidates, ashlarUrl } = setting;
  if (program.absent !== null || !candidates.some(({ id }) => id === 'ashlar')) return null;
  bench.say('starting and stopping Ashlar');
  try {
    return await measureStartup({ program, external: ashlarUrl, directory, starts: bench.options.starts });
  } catch (error) {
    notes.push(`BROKEN: start-up of ashlar: ${String(error)}`);
    return null;
  }
};
