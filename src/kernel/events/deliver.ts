import { setTimeout as delay } from 'node:timers/promises';

import type { Db, Tx } from '../database/database.ts';
import { AppError, toAppError } from '../error.ts';
import type { Runner } from '../run.ts';
import type { Ctx, EventCtx } from '../usecase.ts';
import { enterInbox, enterInboxFromParked } from './handle-statements.ts';
import type { Subscriber } from './subscribers.ts';
import type { Fence } from './subscription-statements.ts';

const graceMs = 5_000;

/** One attempt at one event. */
export type Delivery = {
  readonly id: string;
  readonly xid: number;
  readonly seq: number;
  readonly payload: unknown;
  readonly traceparent: string | null;
  readonly isParked: boolean;
  /** From 1. */
  readonly attempt: number;
};

/** `lost`: nothing is to be written, since somebody else has the subscription, or this process stops. */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'lost' }
  | { readonly kind: 'failed'; readonly error: AppError };

export type DeliverDeps = {
  readonly subscriber: Subscriber;
  readonly runner: Runner;
  readonly fence: Fence;
  readonly signal: AbortSignal;
  readonly db: () => Db;
};

/** What the handler's transaction found in the inbox. */
type Entry = { state: 'none' | 'made' | 'made before' | 'lost' };

/** Hands one event to its subscriber. Throws only what PostgreSQL throws while the end is noted. */
export const deliver = async (deps: DeliverDeps, delivery: Delivery): Promise<Outcome> => {
  const { event } = deps.subscriber.head;
  const payload = event.payload.safeParse(delivery.payload);
  if (!payload.success) {
    const details = { message: `its payload does not fit the contract ${event.name}` };
    return {
      kind: 'failed',
      error: new AppError('PAYLOAD_INVALID', { kind: 'internal', details, cause: payload.error }),
    };
  }
  const entry: Entry = { state: 'none' };
  try {
    await attempt(deps, delivery, { payload: payload.data, entry });
  } catch (thrown) {
    if (entry.state === 'none' || entry.state === 'lost') return judge(deps, entry, toAppError(thrown));
  }
  return entry.state === 'lost' ? { kind: 'lost' } : note(deps, delivery, entry);
};

/** A failure after the effect was made is no failure of the effect. */
const judge = ({ signal }: DeliverDeps, { state }: Entry, error: AppError): Outcome =>
  signal.aborted || state === 'lost' ? { kind: 'lost' } : { kind: 'failed', error };

/** A parked event that made no effect in the database, or made it before, stands there still. */
const note = async (deps: DeliverDeps, delivery: Delivery, { state }: Entry): Promise<Outcome> => {
  if (!delivery.isParked || state === 'made') return { kind: 'done' };
  const { id, xid, seq } = delivery;
  const [entered] = await enterInboxFromParked(deps.db(), { ...deps.fence, id, xid, seq });
  return { kind: entered?.isHeld === true ? 'done' : 'lost' };
};

type Attempt = { readonly payload: unknown; readonly entry: Entry };

const attempt = async (deps: DeliverDeps, delivery: Delivery, { payload, entry }: Attempt): Promise<void> => {
  const { runner, subscriber, signal } = deps;
  const { name, head, timeoutSeconds } = subscriber;
  const { traceparent } = delivery;
  let work: Promise<void> = Promise.resolve();
  try {
    await runner.run({
      operation: name,
      type: head.type,
      actor: null,
      origin: null,
      reads: true,
      signal,
      timeoutSeconds,
      ...(traceparent !== null && { traceparent }),
      execute: async (ctx) => {
        work = head.execute(createEventCtx(deps, delivery, { ctx, entry }), payload);
        await work;
      },
    });
  } catch (thrown) {
    // The deadline ends the wait, not the handler: it has seen its signal, and gets a moment to heed it.
    await Promise.race([Promise.allSettled([work]), delay(graceMs, undefined, { ref: false })]);
    throw thrown;
  }
};

type Run = { readonly ctx: Ctx; readonly entry: Entry };

const createEventCtx = (deps: DeliverDeps, delivery: Delivery, { ctx, entry }: Run): EventCtx => ({
  ...ctx,
  eventId: delivery.id,
  attempt: delivery.attempt,
  transaction: (fn) =>
    ctx.transaction(async (tx) => {
      await enter(deps, delivery, { tx, entry });
      const value = await fn(tx);
      tx.afterCommit(() => {
        entry.state = 'made';
      });
      return value;
    }),
});

type Entering = { readonly tx: Tx; readonly entry: Entry };

const enter = async (
  { fence, subscriber }: DeliverDeps,
  delivery: Delivery,
  { tx, entry }: Entering,
): Promise<void> => {
  const { id, xid, seq, isParked } = delivery;
  const [found] = await (isParked ? enterInboxFromParked : enterInbox)(tx, { ...fence, id, xid, seq });
  if (found?.isHeld === true && found.isNew) return;
  entry.state = found?.isHeld === true ? 'made before' : 'lost';
  const message =
    entry.state === 'lost'
      ? `${subscriber.name} runs elsewhere by now: nothing was changed`
      : `${subscriber.name} has handled event ${id} before: nothing was changed`;
  throw new AppError(entry.state === 'lost' ? 'EVENT_TAKEN_OVER' : 'EVENT_HANDLED', {
    kind: 'conflict',
    details: { message },
  });
};
