import type { Db } from '../database/database.ts';
import { sqlStateOf } from '../database/failures.ts';
import type { Logger } from '../observability/logger.ts';
import { type Claimed, claimGroupHeads, exchangeTasks } from './claim-statements.ts';
import { toColumns } from './columns.ts';
import type { Held } from './held.ts';
import type { Hint } from './hint.ts';
import { createPace } from './pace.ts';
import { type Settlement, type Settler, settleTasks, toSettlements } from './settle-statements.ts';
import { type Places, Watermarks } from './watermarks.ts';

const maxBatch = 500;
const fromStartMs = 1_000;
const troubleMs = 100;

/** How a task ended, and the task. */
type Ended = { readonly held: Held; readonly settlement: Settlement };

export type DeskOptions = Settler & {
  readonly queues: readonly string[];
  readonly log: Logger;
  /** Null while there is no connection. */
  readonly db: () => Db | null;
  /** How many tasks there is room for. */
  readonly room: () => number;
  readonly onClaimed: (tasks: readonly Claimed[]) => void;
  /** PostgreSQL knows how it ended. */
  readonly onSettled: (held: Held) => void;
  /** Its event is published. */
  readonly onDied: () => void;
};

/**
 * Where a pool hands in what it finished and gets what is next, one statement at a time: while PostgreSQL works on one,
 * the answers to the last are run, and what ends meanwhile goes with the next.
 */
export class Desk {
  readonly #options: DeskOptions;
  readonly #watermarks: Watermarks;
  readonly #starts = createPace(fromStartMs);
  readonly #groupMarks: Map<string, string>;
  #done: Ended[] = [];
  #others: Ended[] = [];
  #mayBeMore = false;
  #mayBeGroups = false;
  #isBusy = false;
  #isScheduled = false;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#watermarks = new Watermarks(options.queues);
    this.#groupMarks = new Map(options.queues.map((queue) => [queue, '']));
  }

  get isEmpty(): boolean {
    return this.#done.length === 0 && this.#others.length === 0 && !this.#isBusy;
  }

  handIn(held: Held, settlement: Settlement): void {
    const isPlain = settlement.action === 'done' && !held.task.isUnique && !held.hasProgress;
    (isPlain ? this.#done : this.#others).push({ held, settlement });
    this.schedule();
  }

  /** The handler's own transaction has ended it; the next of its group may follow. */
  ended({ task }: Held): void {
    if (task.groupKey !== null) this.#mayBeGroups = true;
    this.schedule();
  }

  look({ queue, runMs, isGrouped }: Hint): void {
    this.#watermarks.lower(queue, runMs);
    this.#mayBeMore = true;
    if (isGrouped) this.#mayBeGroups = true;
    this.schedule();
  }

  /** Looks everywhere, as if it had been told. */
  poll(): void {
    this.#mayBeMore = true;
    this.#mayBeGroups = true;
    this.schedule();
  }

  /** Later in this turn of the event loop, so that what ends together goes together. */
  schedule(): void {
    if (this.#isScheduled || this.#isBusy) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      void this.#work();
    });
  }

  async #work(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      for (let db = this.#options.db(); db !== null && this.#hasWork(); db = this.#options.db()) await this.#step(db);
    } catch (err) {
      this.#options.log.warn({ err }, 'a worker could not claim or complete tasks; it tries again');
      this.#mayBeMore = true;
      this.#mayBeGroups = true;
      setTimeout(() => this.schedule(), troubleMs).unref();
    } finally {
      this.#isBusy = false;
    }
  }

  #hasWork(): boolean {
    if (this.#done.length > 0 || this.#others.length > 0) return true;
    return (this.#mayBeMore || this.#mayBeGroups) && this.#options.room() > 0;
  }

  async #step(db: Db): Promise<void> {
    const room = Math.max(0, Math.min(maxBatch, this.#options.room()));
    if (this.#done.length > 0 || (this.#mayBeMore && room > 0)) await this.#exchange(db, this.#mayBeMore ? room : 0);
    if (this.#others.length > 0) await this.#settle(db, this.#others.splice(0, maxBatch));
    const left = Math.min(maxBatch, this.#options.room());
    if (this.#mayBeGroups && left > 0) await this.#claimGroups(db, left);
  }

  async #exchange(db: Db, limit: number): Promise<void> {
    const done = this.#done.splice(0, maxBatch);
    const startedAt = performance.now();
    const fromStart = limit > 0 && this.#starts.isDue(startedAt);
    const places = limit > 0 ? this.#watermarks.places({ fromStart }) : nowhere;
    if (limit > 0) this.#mayBeMore = false;
    const { owner } = this.#options;
    const rows = await exchangeTasks(db, { ...places, ...toCompletions(done), owner, limit }).catch(
      (thrown: unknown) => {
        // A result that PostgreSQL refuses must not keep the others: they go one by one.
        (isDataError(thrown) ? this.#others : this.#done).unshift(...done);
        throw thrown;
      },
    );
    if (fromStart) this.#starts.ran(startedAt, performance.now());
    this.#confirm(done, rows[0]?.finished ?? 0);
    const claimed = rows.filter((row) => row.id !== null);
    if (claimed.length > 0) this.#take(claimed, { isFull: claimed.length === limit, fromStart });
  }

  #take(
    claimed: readonly Claimed[],
    { isFull, fromStart }: { readonly isFull: boolean; readonly fromStart: boolean },
  ): void {
    if (isFull) this.#mayBeMore = true;
    for (const task of claimed) this.#watermarks.pass(task, { fromStart: fromStart && isFull });
    this.#options.onClaimed(claimed.toSorted((a, b) => a.priority - b.priority || a.runMs - b.runMs));
  }

  #confirm(done: readonly Ended[], finished: number): void {
    if (finished < done.length) {
      const lost = done.length - finished;
      this.#options.log.warn({ lost }, 'tasks that were run here had been freed, and run again');
    }
    for (const { held } of done) {
      if (held.task.groupKey !== null) this.#mayBeGroups = true;
      this.#options.onSettled(held);
    }
  }

  async #settle(db: Db, batch: readonly Ended[]): Promise<void> {
    const { owner, diedEvent } = this.#options;
    try {
      const rows = await settleTasks(
        db,
        toSettlements(
          batch.map(({ settlement }) => settlement),
          { owner, diedEvent },
        ),
      );
      const locked = new Set(rows.flatMap(({ id, isHeld, isOurs }) => (!isHeld && isOurs ? [id] : [])));
      for (const ended of batch) {
        if (locked.has(ended.held.task.id)) this.#later(ended);
        else this.#settled(ended);
      }
    } catch (thrown) {
      if (!isDataError(thrown)) {
        this.#others.unshift(...batch);
        throw thrown;
      }
      if (batch.length === 1) this.#others.unshift(...batch.map(withoutData));
      else for (const ended of batch) await this.#settle(db, [ended]);
    }
  }

  /** Somebody's transaction has its row: an enqueue with the same unique key. */
  #later(ended: Ended): void {
    setTimeout(() => {
      this.#others.push(ended);
      this.schedule();
    }, troubleMs).unref();
  }

  #settled({ held, settlement }: Ended): void {
    const { queue, groupKey } = held.task;
    if (groupKey !== null && settlement.action !== 'retry') this.#mayBeGroups = true;
    if (settlement.action === 'dead') this.#options.onDied();
    if (settlement.action !== 'done') this.#lookLater(held, settlement.delayMs);
    // A unique task may have been asked for again while it ran.
    else if (held.task.isUnique) this.look({ queue, runMs: Date.now(), inMs: 0, isGrouped: groupKey !== null });
    this.#options.onSettled(held);
  }

  #lookLater({ task: { queue, groupKey } }: Held, delayMs: number): void {
    const look = () => this.look({ queue, runMs: Infinity, inMs: 0, isGrouped: groupKey !== null });
    setTimeout(look, Math.min(delayMs + 1, 2 ** 31 - 1)).unref();
  }

  async #claimGroups(db: Db, limit: number): Promise<void> {
    this.#mayBeGroups = false;
    const { owner, queues } = this.#options;
    const afterKeys = queues.map((queue) => this.#groupMarks.get(queue) ?? '');
    const claimed = await claimGroupHeads(db, { queues, afterKeys, limit, owner });
    if (claimed.length > 0) {
      this.#mayBeGroups = claimed.length === limit;
      for (const { queue, groupKey } of claimed) this.#groupMarks.set(queue, groupKey ?? '');
      this.#options.onClaimed(claimed);
    }
    // The walk began behind the groups that came last; now those before them.
    if (claimed.length < limit && afterKeys.some((key) => key !== '')) {
      this.#mayBeGroups = true;
      for (const queue of queues) this.#groupMarks.set(queue, '');
    }
  }
}

const nowhere: Places = { queues: [], priorities: [], afterMs: [], afterIds: [] };

const isDataError = (thrown: unknown): boolean => sqlStateOf(thrown)?.startsWith('22') === true;

/** PostgreSQL refused what it holds even alone: the task ends, and says so. */
const withoutData = ({ held, settlement }: Ended): Ended => ({
  held,
  settlement: {
    ...settlement,
    action: 'dead',
    reason: 'not_retriable',
    result: null,
    error: JSON.stringify({
      attempt: held.task.attempt,
      code: 'RESULT_REFUSED',
      message: 'PostgreSQL refused the result',
    }),
  },
});

const toCompletions = (done: readonly Ended[]) => {
  const { id, epoch, keep, result, ranMs } = toColumns(
    done.map(({ settlement }) => settlement),
    ['id', 'epoch', 'keep', 'result', 'ranMs'],
  );
  return { ids: id, epochs: epoch, keeps: keep, results: result, ranMs };
};
