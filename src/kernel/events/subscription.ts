import type { Db } from '../database/database.ts';
import type { Runner } from '../run.ts';
import { type Aheads, digestRead } from './digest-read.ts';
import type { DeadReason } from './handle-statements.ts';
import { KeyLanes } from './key-lanes.ts';
import { type Item, LaneWork } from './lane-work.ts';
import { keyParked, listHeads, listRawParked } from './parked-statements.ts';
import { lineOf, ParkedHeads, toParked } from './parked-heads.ts';
import { isBehind, type Position } from './position.ts';
import { type Batch, Progress } from './progress.ts';
import { type ReadEvent, readEvents } from './read-statements.ts';
import type { Subscriber } from './subscribers.ts';
import { type Fence, moveSubscription, releaseSubscription } from './subscription-statements.ts';

const maxBatch = 500;
/** So many are read and not settled; more are fetched while they are handled. */
const maxUnsettled = 1_000;
/** After this a crash repeats what has no effect in the database; the inbox keeps the others from being repeated. */
const saveMs = 200;
/** While an open transaction keeps events from being read: from the first to the longest pause. */
const firstPauseMs = 2;
const longestPauseMs = 250;

export type SubscriptionOptions = {
  readonly subscriber: Subscriber;
  readonly fence: Fence;
  readonly position: Position;
  /** Null while there is no connection. */
  readonly db: () => Db | null;
  readonly runner: Runner;
  readonly now: () => Date;
  /** In [0, 1). */
  readonly random: () => number;
  /** It is not tried again. */
  readonly onDead: (event: { readonly id: string; readonly reason: DeadReason }) => void;
  /** It is over before it was closed: somebody else has it, or a statement failed. Once, when nothing of it runs. */
  readonly onOver: (reason: unknown) => void;
};

/** What this process does for one subscription, from when it takes it until it loses it or gives it back. */
export class Subscription {
  readonly #options: SubscriptionOptions;
  readonly #stopping = new AbortController();
  readonly #progress: Progress;
  readonly #lanes: KeyLanes<Item>;
  readonly #heads: ParkedHeads;
  #isOver = false;
  #isReading = false;
  #mayBeMore = true;
  #isChecked = true;
  /** Up to here a former owner may have handled something. */
  #checkTo: number | null = null;
  #pauseMs = firstPauseMs;
  readonly #timers = new Set<NodeJS.Timeout>();
  #saved: Position;
  #isSaving = false;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
    this.#saved = options.position;
    this.#progress = new Progress(options.position, () => this.#saveLater());
    const work = new LaneWork({
      ...options,
      signal: this.#stopping.signal,
      db: () => this.#db(),
      heads: (this.#heads = new ParkedHeads(({ line: key, id, isAlone }) =>
        this.#lanes.push({ kind: 'head', key, id, isAlone }, { isAlone }),
      )),
      takeAlong: (item, fits) => this.#lanes.takeAlong(item, fits),
      settle: (batch) => this.#settle(batch),
      onLost: () => this.abandon(new Error('somebody else has the subscription')),
    });
    this.#lanes = new KeyLanes((item) => this.#work(() => work.run(item)));
    void this.#work(() => this.#start());
  }

  get epoch(): number {
    return this.#options.fence.epoch;
  }

  /** Its position is another than when this process took it. */
  get hasMoved(): boolean {
    return isBehind(this.#options.position, this.#progress.position);
  }

  /** There may be something to read. */
  wake(): void {
    this.#mayBeMore = true;
    this.#pauseMs = firstPauseMs;
    void this.#work(() => this.#read());
  }

  /** Begins nothing more; waits for what runs, then interrupts it; gives the subscription back. */
  async close(deadlineSeconds: number): Promise<void> {
    if (this.#isOver) return;
    this.#end();
    const timer = setTimeout(() => this.#stopping.abort(), deadlineSeconds * 1000);
    await this.#lanes.idle;
    clearTimeout(timer);
    const db = this.#options.db();
    if (db === null) return;
    await this.#save(db);
    await releaseSubscription(db, this.#options.fence);
  }

  /** Somebody else has it. */
  abandon(reason: unknown): void {
    if (this.#isOver) return;
    this.#end();
    this.#stopping.abort(reason);
    void this.#lanes.idle.then(() => this.#options.onOver(reason));
  }

  #end(): void {
    this.#isOver = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#lanes.clear();
    this.#heads.close();
  }

  #db(): Db {
    const db = this.#options.db();
    if (db === null) throw new Error('the consumer has no connection to PostgreSQL');
    return db;
  }

  /** What fails here failed on the way to PostgreSQL: all that is in memory is read again by whoever takes it next. */
  async #work(work: () => Promise<void>): Promise<void> {
    try {
      if (!this.#isOver) await work();
    } catch (thrown) {
      this.abandon(thrown);
    }
  }

  async #start(): Promise<void> {
    if (this.#options.subscriber.hasOwnKey) await this.#keyRaw();
    const heads = await listHeads(this.#db(), { subscription: this.#options.subscriber.name });
    if (this.#isOver) return;
    for (const head of heads) this.#heads.set(toParked(head));
    await this.#read();
  }

  async #keyRaw(): Promise<void> {
    const { subscriber, fence } = this.#options;
    for (let isMore = true; isMore && !this.#isOver;) {
      const rows = await listRawParked(this.#db(), { subscription: subscriber.name, limit: maxBatch });
      isMore = rows.length === maxBatch;
      const keys = rows.map((row) => subscriber.keyOf(row));
      const [keyed] = await keyParked(this.#db(), { ...fence, ids: rows.map(({ id }) => id), keys });
      if (keyed?.isHeld !== true) throw new Error('the subscription was taken away');
    }
  }

  async #read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#mayBeMore && !this.#isOver && this.#progress.unsettled <= maxUnsettled - maxBatch) {
        await this.#readBatch();
      }
    } finally {
      this.#isReading = false;
    }
  }

  async #readBatch(): Promise<void> {
    this.#mayBeMore = false;
    const { subscriber, fence } = this.#options;
    const { event, hasOwnKey } = subscriber;
    const rows = await readEvents(this.#db(), {
      ...fence,
      event,
      ...this.#progress.readTo,
      limit: maxBatch,
      isChecked: this.#isChecked,
      hasOwnKey,
    });
    if (this.#isOver) return;
    const { events, ahead, end, horizon, isFull, isMore, isHeld } = digestRead(rows, { limit: maxBatch, subscriber });
    if (!isHeld) throw new Error('the subscription was taken away');
    this.#mayBeMore ||= isFull;
    if (events.length > 0) this.#pauseMs = firstPauseMs;
    if (!isFull && isMore) this.#readLater();
    this.#checkTo ??= horizon;
    if (end.xid > this.#checkTo) this.#isChecked = false;
    this.#take(events, ahead, this.#progress.begin(end, events.length));
    this.#heads.passed(this.#progress.readTo.xid);
  }

  #take(events: readonly ReadEvent[], ahead: Aheads, batch: Batch): void {
    for (const event of events.toSorted((a, b) => a.seq - b.seq)) {
      if (event.isSettled) {
        this.#progress.settle(batch);
        continue;
      }
      const orderKey = this.#options.subscriber.keyOf(event);
      const key = lineOf({ id: event.id, key: orderKey });
      const first = ahead.get(key);
      const afterXid = first !== undefined && first.seq < event.seq ? first.xid : 0;
      this.#lanes.push({ kind: 'event', key, orderKey, event, batch, afterXid }, { isAlone: orderKey === null });
    }
  }

  #readLater(): void {
    this.#later(this.#pauseMs, async () => {
      this.#mayBeMore = true;
      await this.#read();
    });
    this.#pauseMs = Math.min(longestPauseMs, this.#pauseMs * 2);
  }

  #later(ms: number, work: () => Promise<void>): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#work(work);
    }, ms);
    this.#timers.add(timer.unref());
  }

  #settle(batch: Batch): void {
    this.#progress.settle(batch);
    if (this.#mayBeMore) void this.#work(() => this.#read());
  }

  #saveLater(): void {
    if (this.#isSaving) return;
    this.#isSaving = true;
    this.#later(saveMs, async () => {
      this.#isSaving = false;
      await this.#save(this.#db());
    });
  }

  async #save(db: Db): Promise<void> {
    const { position } = this.#progress;
    if (!isBehind(this.#saved, position)) return;
    const moved = await moveSubscription(db, { ...this.#options.fence, ...position });
    if (moved.length === 0) throw new Error('the subscription was taken away');
    this.#saved = position;
  }
}
