import type { z } from 'zod';

import type { Database, Tx } from '../database/database.ts';
import { kernelError } from '../error.ts';
import { newId } from '../ids.ts';
import type { Logger } from '../observability/logger.ts';
import { traceResponse } from '../observability/request-span.ts';
import { currentScope } from '../observability/scope.ts';
import { toJsonText } from '../tasks/json-text.ts';
import type { EventContract } from '../usecase.ts';
import {
  clearInbox,
  deleteDeadEvent,
  parkRange,
  type Range,
  reviveDeadEvent,
  takeSubscriptionAway,
  updateSubscriptionPaused,
} from './administration-statements.ts';
import { insertEvent } from './publish-statements.ts';
import { createEventWakes, type EventWakes } from './wakes.ts';

export type PublishOptions = {
  /** Events of one contract and key are handled in the order in which they were published; without one, in any. */
  readonly key?: string;
};

/** An event that a subscription does not try again. */
export type DeadEvent = { readonly subscription: string; readonly eventId: string };

export type Events = {
  /**
   * In the caller's transaction: the event has happened if that commits, and every subscriber gets it at least once.
   * INPUT_INVALID: the payload does not fit the contract, 32 KB, or PostgreSQL.
   */
  publish<P extends z.ZodType>(
    tx: Tx,
    event: EventContract<P>,
    payload: z.input<P>,
    options?: PublishOptions,
  ): Promise<void>;
  /** A paused subscription is consumed by nobody and goes on where it was. Answers whether anything changed. */
  setPaused(tx: Tx, subscription: string, isPaused: boolean): Promise<boolean>;
  /** A dead event begins anew, with all its attempts, before whatever of its key is parked. False: it is not dead. */
  retryDead(tx: Tx, event: DeadEvent): Promise<boolean>;
  /** Forgets a dead event; a key that it blocked goes on. False: it is not dead. */
  discardDead(tx: Tx, event: DeadEvent): Promise<boolean>;
  /** What was handled or is dead is handled again, in the order of each key. Answers how many events that is. */
  replay(tx: Tx, range: Range): Promise<number>;
  readonly wakes: EventWakes;
  /** Tells other processes what they have not been told yet. */
  close(): Promise<void>;
};

const maxPayloadBytes = 32_768;
const maxKeyLength = 512;

export const createEvents = (database: Pick<Database, 'lanes'>, log: Logger): Events => {
  const wakes = createEventWakes(database.lanes, log);
  const open = new WeakMap<Tx, Set<string>>();

  const wakeAfter = (tx: Tx, name: string): void => {
    const known = open.get(tx);
    if (known !== undefined) return void known.add(name);
    const names = new Set([name]);
    open.set(tx, names);
    tx.afterCommit(() => wakes.announce(names));
  };

  /** What its consumer has in memory does not hold any more; whoever takes it next begins with what is written. */
  const takeAway = async (tx: Tx, subscription: string): Promise<void> => {
    await takeSubscriptionAway(tx, subscription);
    wakeAfter(tx, subscription);
  };

  return {
    wakes,
    // oxlint-disable-next-line max-params -- read at every call: publish in tx this event with this payload
    publish: async (tx, event, payload, { key } = {}) => {
      if (key !== undefined) checkKey(event, key);
      const scope = currentScope();
      await insertEvent(tx, {
        id: newId(),
        name: event.name,
        key: key ?? null,
        payload: toPayload(event, payload),
        traceparent: scope === undefined ? null : traceResponse(scope),
      });
      wakeAfter(tx, event.name);
    },
    setPaused: async (tx, subscription, isPaused) => {
      const isChanged = await updateSubscriptionPaused(tx, subscription, isPaused);
      if (isChanged) wakeAfter(tx, subscription);
      return isChanged;
    },
    retryDead: async (tx, { subscription, eventId }) => {
      await takeAway(tx, subscription);
      return reviveDeadEvent(tx, subscription, eventId);
    },
    discardDead: async (tx, { subscription, eventId }) => {
      await takeAway(tx, subscription);
      return deleteDeadEvent(tx, subscription, eventId);
    },
    replay: async (tx, range) => {
      await takeAway(tx, range.subscription);
      const count = await parkRange(tx, range);
      await clearInbox(tx, range.subscription);
      return count;
    },
    close: () => wakes.flush(),
  };
};

/** Tested as it will be read: what passes here, passes when it is handled. */
const toPayload = (event: EventContract, payload: unknown): string => {
  const text = toJsonText(`the payload of ${event.name}`, payload, maxPayloadBytes);
  const parsed = event.payload.safeParse(JSON.parse(text));
  if (parsed.success) return text;
  throw refusal(event, 'its payload does not fit its contract', parsed.error);
};

/** Keys stand in indexes, whose rows have a limit. */
const checkKey = (event: EventContract, key: string): void => {
  if (key !== '' && key.length <= maxKeyLength && key.isWellFormed() && !key.includes('\0')) return;
  throw refusal(event, `a key is 1 to ${maxKeyLength} characters without U+0000`);
};

const refusal = ({ name }: EventContract, why: string, cause?: unknown) =>
  kernelError('INPUT_INVALID', { details: { message: `${name} cannot be published: ${why}` }, cause });
