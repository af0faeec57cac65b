import type { z } from 'zod';

import type { Database, Tx } from '../database/database.ts';
import { kernelError } from '../error.ts';
import { newId } from '../ids.ts';
import type { Logger } from '../observability/logger.ts';
import { traceResponse } from '../observability/request-span.ts';
import { currentScope } from '../observability/scope.ts';
import { toJsonText } from '../tasks/json-text.ts';
import type { EventContract } from '../usecase.ts';
import { insertEvent } from './publish-statements.ts';
import { createEventWakes, type EventWakes } from './wakes.ts';

export type PublishOptions = {
  /** Events of one contract and key are handled in the order in which they were published; without one, in any. */
  readonly key?: string;
};

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
