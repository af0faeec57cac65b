import type { Tx } from '#kernel/database/database.ts';
import { toAppError } from '#kernel/error.ts';
import type { Kernel } from '#kernel/kernel.ts';
import { currentScope, runInScope } from '#kernel/observability/scope.ts';
import { type AlertLevel, levelOf, settleLevel, type Threshold, thresholds } from '../domain/thresholds.ts';
import {
  claimEvaluation,
  deleteOldSamples,
  insertProcessSample,
  lockReadings,
  upsertReadings,
} from '../store/evaluation.ts';
import type { Alerts } from './alerts.ts';
import { measureSignals, type Reading } from './measure-signals.ts';
import type { ProcessSampler } from './process-sampler.ts';

const intervalMs = 30_000;
/** What was read this long ago says nothing about now. */
const staleMs = 90_000;
const operation = 'platform.evaluate-thresholds';

type WatchDeps = {
  readonly kernel: Kernel;
  readonly sampler: ProcessSampler;
  readonly alerts: Alerts;
};

/**
 * Each half minute every running process says how it does, and one of them compares everything with the thresholds.
 * Which one, PostgreSQL decides anew each time: nobody must be there.
 */
export class ThresholdWatch {
  readonly #deps: WatchDeps;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> = Promise.resolve();
  #readings: { readonly at: number; readonly values: ReadonlyMap<string, number> } = { at: 0, values: new Map() };

  constructor(deps: WatchDeps) {
    this.#deps = deps;
    deps.kernel.metrics.gauge({
      name: 'ashlar_platform_signal_value',
      help: 'What has a threshold, as the evaluator read it last; from the process that did.',
      labelNames: ['signal'],
      read: () => this.#read(),
    });
  }

  start(): void {
    this.#deps.sampler.start();
    this.#timer = setInterval(() => void this.look(), intervalMs).unref();
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#deps.sampler.stop();
    await this.#running;
  }

  /** One round: the sample of this process, and the evaluation unless another process has done it. Never throws. */
  look(): Promise<void> {
    this.#running = this.#running.then(() => this.#look());
    return this.#running;
  }

  /** Reads everything, and raises and resolves what follows from two readings. */
  async evaluate(): Promise<void> {
    const { kernel } = this.#deps;
    const readings = await measureSignals(kernel, (thrown) => this.#report(thrown));
    await kernel.database.transaction(async (tx) => {
      const before = new Map((await lockReadings(tx)).map(({ signal, level }) => [signal, level]));
      const raised = await this.#deps.alerts.levelsOf(tx, readings.map(keyOf));
      for (const threshold of thresholds) {
        const reading = readings.find(({ signal }) => signal === threshold.signal);
        if (reading === undefined) continue;
        const previous = before.get(threshold.signal) ?? null;
        await this.#settle(tx, threshold, { reading, previous, raised: raised.get(keyOf(reading)) ?? null });
      }
      if (readings.length > 0) await upsertReadings(tx, readings.map(toStored));
    });
    const values = readings.flatMap(({ signal, value }) => (value === null ? [] : [[signal, value] as const]));
    this.#readings = { at: performance.now(), values: new Map(values) };
  }

  async #look(): Promise<void> {
    const { kernel } = this.#deps;
    // A one-off command is no running process.
    if (kernel.presence.behindMs === Infinity) return;
    const scope = kernel.telemetry.openScope(operation, undefined);
    try {
      await runInScope(scope, () => this.#sampleAndEvaluate());
      kernel.telemetry.closeScope(scope, null);
    } catch (thrown) {
      runInScope(scope, () => this.#report(thrown));
      kernel.telemetry.closeScope(scope, toAppError(thrown));
    }
  }

  async #sampleAndEvaluate(): Promise<void> {
    const { kernel, sampler } = this.#deps;
    const { lanes } = kernel.database;
    const { processId } = kernel.presence;
    await insertProcessSample(lanes, { ...(await sampler.sample()), processId, role: kernel.role ?? 'command' });
    if (!(await claimEvaluation(lanes))) return;
    await deleteOldSamples(lanes);
    await this.evaluate();
  }

  async #settle(tx: Tx, threshold: Threshold, { reading, previous, raised }: Settled): Promise<void> {
    const { alerts } = this.#deps;
    const { signal, value } = reading;
    const current = currentLevel(threshold, value);
    const key = keyOf(reading);
    const level = settleLevel(raised, previous, current);
    if (level === null && raised !== null) await alerts.resolve(tx, key, value);
    // What stays raised and reads better for once keeps what it said.
    if (level !== null && value !== null && current !== null) {
      await alerts.raise(tx, { key, signal, level, value, subject: subjectOf(threshold, reading) });
    }
  }

  #report(thrown: unknown): void {
    const { kernel } = this.#deps;
    const error = toAppError(thrown);
    if (error.kind !== 'internal')
      return kernel.log.warn({ err: error }, 'the thresholds could not be evaluated; in half a minute again');
    const { traceId = '' } = currentScope() ?? {};
    return kernel.hooks.alert({ operation, traceId, actorId: null, error, input: undefined });
  }

  #read() {
    if (performance.now() - this.#readings.at > staleMs) return [];
    return Array.from(this.#readings.values, ([signal, value]) => ({ labels: { signal }, value }));
  }
}

type Settled = {
  readonly reading: Reading;
  /** Of the round before. */
  readonly previous: AlertLevel | null;
  /** Of the open alert. */
  readonly raised: AlertLevel | null;
};

const keyOf = ({ signal }: Pick<Reading, 'signal'>): string => `threshold:${signal}`;

const currentLevel = (threshold: Threshold | undefined, value: number | null): AlertLevel | null =>
  threshold === undefined || value === null ? null : levelOf(threshold, value);

const toStored = ({ signal, value }: Reading) => ({
  signal,
  level: currentLevel(
    thresholds.find((one) => one.signal === signal),
    value,
  ),
  value: value ?? 0,
});

const subjectOf = ({ description, unit }: Threshold, { value, detail }: Reading): string => {
  const amount = `${Math.round((value ?? 0) * 10) / 10} ${unit}`;
  return `${description} is ${amount}${detail === '' ? '' : `: ${detail}`}`;
};
