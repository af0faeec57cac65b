import type { Kernel } from '#kernel/kernel.ts';
import { runInScope } from '#kernel/observability/scope.ts';
import { toAppError } from '#kernel/error.ts';
import { type Counts, countedSince, isNothing, nothingCounted } from '../domain/statistics.ts';
import { countDailyActive, insertDailyActive, upsertStatMinutes } from '../store/statistics.ts';
import { readCounts } from './read-counts.ts';

const minuteMs = 60_000;
/** So many minutes wait for a database that is away; older ones are lost. */
const maxWaiting = 120;

type RecorderDeps = Pick<Kernel, 'metrics' | 'activity' | 'log' | 'telemetry' | 'now'> & {
  readonly database: Pick<Kernel['database'], 'lanes'>;
  readonly presence: Pick<Kernel['presence'], 'processId'>;
};

/** Writes what this process counts: at the end of each minute, and when it stops. Nothing while nothing happens. */
export class StatRecorder {
  readonly #deps: RecorderDeps;
  /** What was counted before the minute that runs. */
  #before: Counts = nothingCounted;
  #minute: number;
  /** By minute, what is not known to be written. */
  readonly #waiting = new Map<number, Counts>();
  /** By day, people who are not known to be written. */
  readonly #people = new Map<string, string[]>();
  #activeToday = 0;
  #isFailing = false;
  #isStopping = false;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(deps: RecorderDeps) {
    this.#deps = deps;
    this.#minute = this.#minuteOf(deps.now());
  }

  /** In all processes together, as of the last writing. */
  get activeToday(): number {
    return this.#activeToday;
  }

  start(): void {
    const left = minuteMs - (this.#deps.now().getTime() % minuteMs);
    this.#timer = setTimeout(() => {
      void this.flush().then(() => this.#timer !== null && this.start());
    }, left).unref();
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#isStopping = true;
    await this.flush();
  }

  /** Writes what there is. What cannot be written waits. */
  flush(): Promise<void> {
    this.#running = this.#running.then(() => this.#write());
    return this.#running;
  }

  #minuteOf(time: Date): number {
    return Math.floor(time.getTime() / minuteMs) * minuteMs;
  }

  async #write(): Promise<void> {
    this.#gather();
    const { telemetry, log } = this.#deps;
    const scope = telemetry.openScope('platform stat recorder', undefined);
    try {
      await runInScope(scope, () => this.#store());
      telemetry.closeScope(scope, null);
      if (this.#isFailing) log.info('statistics are written again');
      this.#isFailing = false;
    } catch (thrown) {
      const err = toAppError(thrown);
      telemetry.closeScope(scope, err);
      if (!this.#isFailing) log.warn({ err }, 'statistics cannot be written; they wait');
      this.#isFailing = true;
    }
  }

  /** Takes over what was counted since, for the minute in which that began. */
  #gather(): void {
    const { metrics, activity, now } = this.#deps;
    const counted = readCounts(metrics);
    const current = this.#minuteOf(now());
    const inMinute = countedSince(counted, this.#before);
    if (!isNothing(inMinute)) this.#waiting.set(this.#minute, inMinute);
    const day = dayOf(this.#minute);
    const people = activity.take();
    if (people.length > 0) this.#people.set(day, [...(this.#people.get(day) ?? []), ...people]);
    if (current <= this.#minute) return;
    if (dayOf(current) !== day) activity.forget();
    this.#before = counted;
    this.#minute = current;
    for (const minute of [...this.#waiting.keys()].slice(0, -maxWaiting)) this.#waiting.delete(minute);
  }

  async #store(): Promise<void> {
    const { database, presence } = this.#deps;
    const { processId: source } = presence;
    const minutes = Array.from(this.#waiting, ([minute, counts]) => ({ ...counts, minute: new Date(minute), source }));
    if (minutes.length > 0) await upsertStatMinutes(database.lanes, minutes);
    for (const { minute } of minutes) this.#waiting.delete(minute.getTime());
    for (const [day, actorIds] of this.#people) {
      await insertDailyActive(database.lanes, { day, actorIds });
      this.#people.delete(day);
    }
    // Nobody asks a process for its metrics any more, and a one-off command should end.
    if (this.#isStopping) return;
    const [today] = await countDailyActive(database.lanes, { day: dayOf(this.#minute) });
    this.#activeToday = today?.people ?? 0;
  }
}

/** `2026-01-31`, of UTC. */
const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10);
