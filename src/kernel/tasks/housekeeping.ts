import type { Db } from '../database/database.ts';
import type { Logger } from '../observability/logger.ts';
import type { Presence } from '../presence/presence.ts';
import { stopReasons } from './held.ts';
import { createPace } from './pace.ts';
import type { Pool } from './pool.ts';
import { findLost, findReady, freeOrphans, writeProgress } from './process-statements.ts';
import type { TaskMetrics } from './task-metrics.ts';

/** Every tenth pulse. */
const pollMs = 4_750;
/** Shorter ones end before it matters. */
const longMs = 500;

export type HousekeepingOptions = {
  readonly presence: Presence;
  readonly queues: readonly string[];
  readonly pools: readonly Pool[];
  readonly log: Logger;
  readonly metrics: TaskMetrics;
};

type Job = { readonly pace: ReturnType<typeof createPace>; run(db: Db): Promise<void> };

/** What a worker does with each pulse beside its tasks: it looks for work, and after what may have been lost. */
export class Housekeeping {
  readonly #options: HousekeepingOptions;
  readonly #stop: () => void;
  readonly #progress = createPace(1_000);
  readonly #polls = createPace(pollMs);
  readonly #orphans: Job = { pace: createPace(60_000), run: (db) => this.#freeOrphans(db) };
  /** Dear ones go less often: they read what a vacuum has not cleaned up. */
  readonly #look: Job = { pace: createPace(pollMs), run: (db) => this.#lookForReady(db) };
  #isBusy = false;

  constructor(options: HousekeepingOptions) {
    this.#options = options;
    this.#stop = options.presence.onPulse(() => void this.#beat());
  }

  stop(): void {
    this.#stop();
  }

  async #beat(): Promise<void> {
    const { presence, log } = this.#options;
    const { db } = presence;
    if (db === null || this.#isBusy) return;
    this.#isBusy = true;
    try {
      await this.#interruptLost(db);
      await this.#writeProgress(db);
      await this.#pollNow(db);
      if (this.#orphans.pace.isDue(performance.now())) await runPaced(this.#orphans, db);
    } catch (err) {
      log.warn({ err }, 'the housekeeping of the task worker failed; it tries again');
    } finally {
      this.#isBusy = false;
    }
  }

  /** A cancelled task learns it here, and one that somebody else runs by now. */
  async #interruptLost(db: Db): Promise<void> {
    const { presence, pools } = this.#options;
    const since = performance.now() - longMs;
    const long = pools.flatMap((pool) => pool.runningSince(since));
    if (long.length === 0) return;
    const tasks = long.map(({ task }) => task);
    const lost = await findLost(db, {
      owner: presence.processId,
      ids: tasks.map(({ id }) => id),
      epochs: tasks.map(({ epoch }) => epoch),
    });
    const ids = new Set(lost.map(({ id }) => id));
    for (const held of long) if (ids.has(held.task.id) && !held.isEnded) held.abort.abort(stopReasons.lost);
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

  /** Hints may have been lost. One statement looks for all pools, so that an idle worker costs little. */
  async #pollNow(db: Db): Promise<void> {
    const startedAt = performance.now();
    if (!this.#polls.isDue(startedAt)) return;
    this.#polls.ran(startedAt, startedAt);
    if (this.#look.pace.isDue(startedAt)) await runPaced(this.#look, db);
    else this.#poll(this.#options.queues);
  }

  #poll(queues: readonly string[]): void {
    for (const pool of this.#options.pools) if (queues.some((queue) => pool.serves(queue))) pool.poll();
  }

  async #lookForReady(db: Db): Promise<void> {
    const rows = await findReady(db, { queues: this.#options.queues });
    this.#options.metrics.oldestReady(new Map(rows.map(({ queue, seconds }) => [queue, seconds])));
    this.#poll(rows.filter(({ isReady }) => isReady).map(({ queue }) => queue));
  }

  async #freeOrphans(db: Db): Promise<void> {
    const { presence, log } = this.#options;
    const freed = await freeOrphans(db, { id: presence.processId });
    if (freed.length === 0) return;
    const queues = [...new Set(freed.map(({ queue }) => queue))];
    log.warn({ queues }, 'tasks that nobody owned were freed');
    this.#poll(queues);
  }
}

const runPaced = async ({ pace, run }: Job, db: Db): Promise<void> => {
  const startedAt = performance.now();
  try {
    await run(db);
  } finally {
    pace.ran(startedAt, performance.now());
  }
};
