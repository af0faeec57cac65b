import { setTimeout as delay } from 'node:timers/promises';

import { toAppError } from '../error.ts';
import type { Logger } from '../observability/logger.ts';
import type { Outbound } from '../outbound/outbound.ts';
import { headOf, type Seal } from './seal.ts';

/** The end of the chain, for keeping where nobody who can write our database can write. */
export type Head = {
  readonly seq: number;
  /** SHA-256 in hex. */
  readonly hash: string;
  readonly keyId: string;
  readonly at: string;
  /** Of the seal, in base64. */
  readonly signature: string;
};

export const toHead = (seal: Seal): Head => ({
  seq: seal.seq,
  hash: headOf(seal).toString('hex'),
  keyId: seal.keyId,
  at: seal.at,
  signature: seal.signature.toString('base64'),
});

export type Anchor = {
  /** Logs it, and sends it away if there is an address. Never throws, never waits. */
  announce(head: Head): void;
  /** Waits for what is being sent. */
  close(): Promise<void>;
};

type AnchorOptions = {
  /** Null: heads go to the log alone. */
  readonly url: string | null;
  readonly outbound: Pick<Outbound, 'request'>;
  readonly log: Logger;
};

const pauseMs = 1_000;
const timeoutMs = 5_000;

/** A head vouches for all before it: while one is on its way, only the newest of the others waits. */
export const createAnchor = ({ url, outbound, log }: AnchorOptions): Anchor => {
  const closing = new AbortController();
  let waiting: Head | null = null;
  let sending: Promise<void> | null = null;
  let isFailing = false;

  const send = async (to: string, head: Head): Promise<void> => {
    try {
      const { status } = await outbound.request(to, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(head),
        ranges: ['public', 'private', 'loopback'],
        timeoutMs,
      });
      if (status >= 300) throw new Error(`the address answered ${status}`);
      if (isFailing) log.info('heads of the audit trail are anchored again');
      isFailing = false;
    } catch (thrown) {
      if (!isFailing) log.warn({ err: toAppError(thrown) }, 'a head of the audit trail could not be anchored');
      isFailing = true;
      // Unless a newer one waits by now.
      waiting ??= head;
    }
  };
  const drain = async (to: string): Promise<void> => {
    for (let head = take(); head !== null; head = take()) {
      await send(to, head);
      if (closing.signal.aborted) return;
      // The abort of `close` only shortens the pause.
      await delay(isFailing ? pauseMs * 10 : pauseMs, undefined, { signal: closing.signal, ref: false }).catch(
        () => undefined,
      );
    }
    sending = null;
  };
  const take = (): Head | null => {
    const head = waiting;
    waiting = null;
    return head;
  };
  return {
    announce: (head) => {
      log.info({ auditHead: head }, 'audit sealed');
      if (url === null) return;
      waiting = head;
      sending ??= drain(url);
    },
    close: async () => {
      closing.abort();
      await sending;
    },
  };
};
