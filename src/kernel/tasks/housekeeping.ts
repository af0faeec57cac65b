import type { Db } from '../database/database.ts';
import type { Logger } from '../observability/logger.ts';
import type { Line } from './line.ts';
import { stopReasons } from './held.ts';
import { createPace } from './pace.ts';
import type { Pool } from './pool.ts';
import { findLost, findOldestReady, freeOrphans, pulseProcess, writeProgress } from './process-statements.ts';
import type { TaskMetrics } from './task-metrics.ts';

const pulseMs = 500;
/** Shorter ones end before it matters. */
const longMs = 500;

export type HousekeepingOptions = {
  readonly owner: string;
  readonly queues: readonly string[];
  readonly line: Line;
  readonly pools: readonly Pool[];
  readonly log: Logger;
  readonly metrics: TaskMetrics;
};

/** What a worker does twice a second beside its tasks: it says that it lives, and looks after those that do not. */
export class Housekeeping {
  readonly #options: HousekeepingOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #progress = createPace(1_000);
  /** Dear ones, less often: they read what a vacuum has not cleaned up. */
  readonly #jobs: readonly { readonly pace: ReturnType<typeof createPace>; run(db: Db): Promise<void> }[];
  #isBusy = false;

  constructor(options: HousekeepingOptions) {
    this.#options = options;
    this.#jobs = [
      { pace: createPace(10_000), run: (db) => this.#measure(db) },
      { pace: createPace(10_000), run: (db) => this.#freeOrphans(db) },
    ];
    this.#timer = setInterval(() => void this.#beat(), pulseMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #beat(): Promise<void> {
    const { line, log } = this.#options;
    line.sweep(performance.now());
    const { db } = line;
    if (db === null || this.#isBusy) return;
    this.#isBusy = true;
    try {
      await this.#pulse(db);
      await this.#interruptLost(db);
      await this.#writeProgress(db);
      for (const { pace, run } of this.#jobs) {
        const startedAt = performance.now();
        if (!pace.isDue(startedAt)) continue;
        try {
          await run(db);
        } finally {
          pace.ran(startedAt, performance.now());
        }
      }
    } catch (err) {
      log.warn({ err }, 'the pulse of the task worker failed; it tries again');
    } finally {
      this.#isBusy = false;
    }
  }

  async #pulse(db: Db): Promise<void> {
    const { owner, pools, line, log } = this.#options;
    const [pulse] = await pulseProcess(db, { id: owner, pools: JSON.stringify(pools.map((pool) => pool.description)) });
    if (pulse?.isKnown === false) {
      log.error('this process was silent for too long and taken for dead: its tasks run elsewhere');
      for (const pool of pools) pool.abandon();
      line.restart();
    }
    this.#wake(pulse?.freed ?? []);
  }

  /** A cancelled task learns it here, and one that somebody else runs by now. */
  async #interruptLost(db: Db): Promise<void> {
    const { owner, pools } = this.#options;
    const since = performance.now() - longMs;
    const long = pools.flatMap((pool) => pool.runningSince(since));
    if (long.length === 0) return;
    const tasks = long.map(({ task }) => task);
    const lost = await findLost(db, { owner, ids: tasks.map(({ id }) => id), epochs: tasks.map(({ epoch }) => epoch) });
    const ids = new Set(lost.map(({ id }) => id));
    for (const held of long) if (ids.has(held.task.id) && !held.isEnded) held.abort.abort(stopReasons.lost);
  }

  #wake(queues: readonly string[]): void {
    if (queues.length === 0) return;
    this.#options.log.warn({ queues }, 'tasks of a process that is gone were freed');
    for (const pool of this.#options.pools) if (queues.some((queue) => pool.serves(queue))) pool.poll();
  }

  async #writeProgress(db: Db): Promise<void> {
    const now = performance.now();
    if (!this.#progress.isDue(now)) return;
    const news = this.#options.pools.flatMap((pool) =>
      Array.from(pool.held).flatMap((held) =>
        held.progress === null || held.isEnded ? [] : [{ held, ...held.progress }],
      ),
    );
    if (news.length === 0) return;
    for (const { held } of news) held.progress = null;
    await writeProgress(db, {
      ids: news.map(({ held }) => held.task.id),
      percents: news.map(({ percent }) => percent),
      notes: news.map(({ note }) => note),
    });
    this.#progress.ran(now, performance.now());
  }

  async #freeOrphans(db: Db): Promise<void> {
    const freed = await freeOrphans(db, { id: this.#options.owner });
    this.#wake([...new Set(freed.map(({ queue }) => queue))]);
  }

  async #measure(db: Db): Promise<void> {
    const oldest = await findOldestReady(db, { queues: this.#options.queues });
    this.#options.metrics.oldestReady(new Map(oldest.map(({ queue, seconds }) => [queue, seconds])));
  }
}
