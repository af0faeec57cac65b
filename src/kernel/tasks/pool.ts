import type { Db } from '../database/database.ts';
import type { Logger } from '../observability/logger.ts';
import type { Claimed } from './claim-statements.ts';
import { Desk } from './desk.ts';
import type { Handlers } from './handlers.ts';
import { createHeld, type Held, stopReasons } from './held.ts';
import type { Hint } from './hint.ts';
import { release, runTask, type RunTaskDeps } from './run-task.ts';
import type { Settlement } from './settle-statements.ts';

/** Short tasks are fetched ahead: as many as ended in this time. */
const aheadMs = 100;
const maxAhead = 1_000;
const maxTimerMs = 60_000;

export type PoolOptions = {
  readonly name: string;
  readonly slots: number;
  readonly queues: readonly string[];
  readonly byName: Handlers['byName'];
  readonly run: RunTaskDeps;
  readonly log: Logger;
  readonly db: () => Db | null;
  readonly onFinished: (held: Held, settlement: Settlement | null) => void;
  readonly onLeaked: (held: Held) => void;
  /** Its event is published. */
  readonly onDied: () => void;
};

/** So many slots for tasks that share a bottleneck. A full pool claims nothing, and stops no other. */
export class Pool {
  readonly #options: PoolOptions;
  readonly #desk: Desk;
  readonly #waiting: Held[] = [];
  readonly #running = new Set<Held>();
  /** Everything that PostgreSQL believes to be ours. */
  readonly #held = new Set<Held>();
  #isOpen = true;
  #windowAt = 0;
  #finishedNow = 0;
  #finishedBefore = 0;

  constructor(options: PoolOptions) {
    this.#options = options;
    const { run, queues, log, db, onDied } = options;
    this.#desk = new Desk({
      owner: run.owner,
      diedEvent: run.diedEvent,
      queues,
      log,
      db,
      room: () => this.#room(),
      onClaimed: (tasks) => this.#take(tasks),
      onSettled: (held) => this.#held.delete(held),
      onDied,
    });
  }

  /** For whoever wonders why a task waits. */
  get description(): object {
    const { name, queues, slots } = this.#options;
    return { name, queues, slots, running: this.#running.size };
  }

  get held(): ReadonlySet<Held> {
    return this.#held;
  }

  /** `performance.now()`. */
  runningSince(time: number): Held[] {
    return [...this.#running].filter(({ startedAt }) => startedAt < time);
  }

  serves(queue: string): boolean {
    return this.#isOpen && this.#options.queues.includes(queue);
  }

  /** True if a slot is free for it. */
  wake(hint: Hint): boolean {
    if (hint.inMs <= 0) this.#desk.look(hint);
    else if (hint.inMs <= maxTimerMs) setTimeout(() => this.#desk.look({ ...hint, inMs: 0 }), hint.inMs + 1).unref();
    return this.#running.size + this.#waiting.length < this.#options.slots;
  }

  poll(): void {
    this.#desk.poll();
  }

  /** Somebody took this process for dead: what runs here belongs to others. */
  abandon(): void {
    this.#waiting.length = 0;
    this.#held.clear();
    for (const held of this.#running) held.abort.abort(stopReasons.lost);
  }

  /** Claims nothing more, and gives back what has not begun. */
  close(): void {
    this.#isOpen = false;
    for (const held of this.#waiting.splice(0)) this.#desk.handIn(held, release(held));
  }

  interrupt(): void {
    for (const held of this.#running) held.abort.abort(stopReasons.drained);
  }

  get isIdle(): boolean {
    return this.#running.size === 0 && this.#desk.isEmpty;
  }

  #room(): number {
    if (!this.#isOpen) return 0;
    this.#turnWindow();
    const free = Math.max(0, this.#options.slots - this.#running.size);
    // Long tasks end rarely, so that of them nothing is fetched ahead and kept from other workers.
    const ahead = Math.min(maxAhead, Math.max(this.#finishedNow, this.#finishedBefore));
    return Math.max(0, free + ahead - this.#waiting.length);
  }

  #turnWindow(): void {
    const now = performance.now();
    if (now - this.#windowAt < aheadMs) return;
    this.#finishedBefore = now - this.#windowAt < 2 * aheadMs ? this.#finishedNow : 0;
    this.#finishedNow = 0;
    this.#windowAt = now;
  }

  #take(tasks: readonly Claimed[]): void {
    for (const task of tasks) {
      const held = createHeld(task);
      this.#held.add(held);
      if (this.#isOpen) this.#waiting.push(held);
      else this.#desk.handIn(held, release(held));
    }
    // What was handed in meanwhile goes to PostgreSQL first; these run while it works.
    setImmediate(() => this.#startNext());
  }

  #startNext(): void {
    while (this.#running.size < this.#options.slots) {
      const held = this.#waiting.shift();
      if (held === undefined) return;
      this.#running.add(held);
      void this.#run(held);
    }
  }

  async #run(held: Held): Promise<void> {
    held.startedAt = performance.now();
    const settlement = await runTask(this.#options.run, held, this.#options.byName.get(held.task.name));
    this.#turnWindow();
    this.#finishedNow += 1;
    this.#options.onFinished(held, settlement);
    this.#handIn(held, settlement);
    if (held.leaked !== null) {
      this.#options.onLeaked(held);
      await held.leaked;
    }
    this.#running.delete(held);
    this.#startNext();
    this.#desk.schedule();
  }

  #handIn(held: Held, settlement: Settlement | null): void {
    // Not held: abandoned, and somebody else's by now.
    if (settlement !== null && this.#held.has(held)) return this.#desk.handIn(held, settlement);
    this.#held.delete(held);
    this.#desk.ended(held);
  }
}
