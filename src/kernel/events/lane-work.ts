import type { AppError } from '../error.ts';
import { askedDelay, delayAfter } from '../tasks/backoff.ts';
import { toColumns } from '../tasks/columns.ts';
import { toFitText } from '../tasks/json-text.ts';
import { deliver, type DeliverDeps, type Outcome } from './deliver.ts';
import { buryEvent, type DeadReason, type Parking, parkEvents, reparkEvent } from './handle-statements.ts';
import type { Keyed, KeyLanes } from './key-lanes.ts';
import { type Parked, type ParkedHeads, toParked } from './parked-heads.ts';
import { findFirstParked, findLoneParked, type ParkedEvent } from './parked-statements.ts';
import type { Batch } from './progress.ts';
import type { ReadEvent } from './read-statements.ts';

/** An event as it was read. Its key here is its line; `orderKey` null: it stands alone. */
export type Arrival = Keyed & {
  readonly kind: 'event';
  readonly orderKey: string | null;
  readonly event: ReadEvent;
  readonly batch: Batch;
  /** Events of its key with a lower `seq` are visible and stand up to this transaction; 0: there is none. */
  readonly afterXid: number;
};
/** The first parked event of a line is due. */
export type Due = Keyed & { readonly kind: 'head'; readonly id: string; readonly isAlone: boolean };
export type Item = Arrival | Due;

export type LaneWorkDeps = DeliverDeps & {
  readonly heads: Pick<ParkedHeads, 'get' | 'set' | 'offer' | 'delete'>;
  readonly takeAlong: KeyLanes<Item>['takeAlong'];
  readonly now: () => Date;
  /** In [0, 1). */
  readonly random: () => number;
  /** It is handled, parked or dead. */
  readonly settle: (batch: Batch) => void;
  /** Somebody else has the subscription. */
  readonly onLost: () => void;
  /** It is not tried again. */
  readonly onDead: (event: { readonly id: string; readonly reason: DeadReason }) => void;
};

type Failure = { readonly attempt: number; readonly error: AppError };

/** What a lane does with what stands in it: runs it, or puts it aside behind what has failed. */
export class LaneWork {
  readonly #deps: LaneWorkDeps;

  constructor(deps: LaneWorkDeps) {
    this.#deps = deps;
  }

  run(item: Item): Promise<void> {
    return item.kind === 'head' ? this.#runHead(item) : this.#runArrival(item);
  }

  async #runArrival(item: Arrival): Promise<void> {
    const { event, batch } = item;
    if (item.afterXid > 0 || this.#isBlocked(item)) return this.#putAside(item);
    const outcome = await deliver(this.#deps, { ...event, isParked: false, attempt: 1 });
    if (this.#isLost(outcome)) return;
    if (outcome.kind === 'failed') await this.#failFirst(item, outcome.error);
    this.#deps.settle(batch);
  }

  #isBlocked({ key, event }: Arrival): boolean {
    return (this.#deps.heads.get(key)?.seq ?? Infinity) < event.seq;
  }

  /** With those of its key that wait in the lane already: in one statement. */
  async #putAside(item: Arrival): Promise<void> {
    const behind = this.#deps.takeAlong(item, (other) => other.kind === 'event' && other.event.seq > item.event.seq);
    const items = [item, ...behind.filter((other) => other.kind === 'event')];
    if (!(await this.#park(items.map(toParking)))) return;
    const first = items.reduce((one, other) => (other.event.seq < one.event.seq ? other : one));
    this.#deps.heads.offer(toHead(first, 0));
    for (const { batch } of items) this.#deps.settle(batch);
  }

  async #failFirst(item: Arrival, error: AppError): Promise<void> {
    const { id } = item.event;
    const failure = { attempt: 1, error };
    const isLast = this.#isLast(failure);
    const delayMs = isLast ? 0 : this.#delay(failure);
    const text = isLast ? null : this.#describe(failure);
    const isParked = await this.#park([{ ...toParking(item), attempt: 1, delayMs, error: text }]);
    if (!isParked) return;
    if (!isLast) return this.#deps.heads.offer(toHead(item, delayMs));
    const blocks = this.#blocks(item.orderKey);
    await this.#bury(id, failure, blocks);
    if (blocks) this.#deps.heads.offer(toHead(item, Infinity));
  }

  async #runHead(due: Due): Promise<void> {
    const parked = await this.#find(due);
    if (parked === null) return this.#deps.heads.delete(due.key);
    const { inMs, attempt } = parked;
    if (inMs === null || inMs > 0) return this.#deps.heads.set(toParked(parked));
    const outcome = await deliver(this.#deps, { ...parked, isParked: true, attempt: attempt + 1 });
    if (this.#isLost(outcome)) return;
    if (outcome.kind === 'failed') return this.#failAgain(parked, { attempt: attempt + 1, error: outcome.error });
    await this.#goOn(due);
  }

  async #failAgain(parked: ParkedEvent, failure: Failure): Promise<void> {
    const { id, key } = parked;
    const due: Due = { kind: 'head', id, key: toParked(parked).line, isAlone: key === null };
    if (this.#isLast(failure)) {
      const blocks = this.#blocks(key);
      await this.#bury(id, failure, blocks);
      if (blocks) return this.#deps.heads.set(toParked({ ...parked, inMs: null }));
      return this.#goOn(due);
    }
    const delayMs = this.#delay(failure);
    const { fence, db } = this.#deps;
    const [row] = await reparkEvent(db(), {
      ...fence,
      id,
      attempt: failure.attempt,
      delayMs,
      error: this.#describe(failure),
    });
    if (row?.isHeld !== true) return this.#deps.onLost();
    this.#deps.heads.set(toParked({ ...parked, inMs: delayMs }));
  }

  /** To the next of the line. */
  async #goOn(due: Due): Promise<void> {
    const next = due.isAlone ? null : await this.#find(due);
    if (next === null) this.#deps.heads.delete(due.key);
    else this.#deps.heads.set(toParked(next));
  }

  async #find({ id, key, isAlone }: Due): Promise<ParkedEvent | null> {
    const { db, fence } = this.#deps;
    const { subscription } = fence;
    const [row] = isAlone
      ? await findLoneParked(db(), { subscription, id })
      : await findFirstParked(db(), { subscription, key });
    return row ?? null;
  }

  async #park(parkings: readonly Parking[]): Promise<boolean> {
    const { db, fence, subscriber } = this.#deps;
    const columns = toColumns(parkings, ['xid', 'seq', 'afterXid', 'key', 'attempt', 'delayMs', 'error']);
    const [row] = await parkEvents(db(), { ...fence, ...columns, event: subscriber.event });
    if (row?.isHeld !== true) this.#deps.onLost();
    return row?.isHeld === true;
  }

  async #bury(id: string, failure: Failure, blocks: boolean): Promise<void> {
    const { db, fence, subscriber, onDead, onLost } = this.#deps;
    const reason = reasonOf(failure.error);
    const { attempt } = failure;
    const { event } = subscriber;
    const error = this.#describe(failure);
    const [row] = await buryEvent(db(), { ...fence, id, attempt, event, reason, blocks, error });
    if (row?.isHeld === true) onDead({ id, reason });
    else onLost();
  }

  #blocks(orderKey: string | null): boolean {
    return this.#deps.subscriber.blocks && orderKey !== null;
  }

  #isLast({ attempt }: Failure): boolean {
    return attempt >= this.#deps.subscriber.retry.attempts;
  }

  #delay({ attempt, error }: Failure): number {
    return askedDelay(error) ?? delayAfter(attempt, this.#deps.subscriber.retry, this.#deps.random());
  }

  #isLost(outcome: Outcome): outcome is Extract<Outcome, { readonly kind: 'lost' }> {
    if (outcome.kind === 'lost') this.#deps.onLost();
    return outcome.kind === 'lost';
  }

  #describe({ attempt, error }: Failure): string {
    const shown = error.code === 'INTERNAL' && error.cause instanceof Error ? error.cause : error;
    const message = toFitText(shown.message, 500);
    return JSON.stringify({ at: this.#deps.now().toISOString(), attempt, code: error.code, message });
  }
}

const reasonOf = ({ code }: AppError): DeadReason => {
  if (code === 'PAYLOAD_INVALID') return 'payload_invalid';
  return code === 'REQUEST_TIMEOUT' ? 'timed_out' : 'attempts_exhausted';
};

const toParking = ({ event: { xid, seq }, orderKey, afterXid }: Arrival): Parking => ({
  xid,
  seq,
  afterXid,
  key: orderKey,
  attempt: 0,
  delayMs: 0,
  error: null,
});

const toHead = ({ key, orderKey, event, afterXid }: Arrival, delayMs: number): Parked => ({
  line: key,
  isAlone: orderKey === null,
  id: event.id,
  seq: event.seq,
  afterXid,
  dueAt: performance.now() + delayMs,
});
