import { createHmac } from 'node:crypto';

import type { Database, Tx } from '../database/database.ts';
import { keepAnswer, type KeyRow, releaseKey, type Reservation } from '../database/idempotency-keys.ts';
import { type AppError, kernelError } from '../error.ts';
import type { Logger } from '../observability/logger.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { findKey, type Found } from './find-key.ts';
import { type KeptAnswer, packAnswer, unpackAnswer } from './kept-answer.ts';

export type KeyedRequest = {
  readonly actorId: string;
  /** `module.operation-id` */
  readonly operation: string;
  /** As the client made it up. */
  readonly key: string;
  /** Path, query and body: what makes it this request. */
  readonly url: string;
  readonly body: Uint8Array;
  /** The answer holds a secret, so it is kept sealed. */
  readonly isSecret: boolean;
};

/** The right to run one request. Whoever holds it calls `settle` in the end, whatever happens. */
export type Claim = {
  /**
   * Keeps the answer with the change that it tells of. Throws REQUEST_IN_PROGRESS, and so rolls back, if somebody else
   * runs the request by now, because this process was taken for dead.
   */
  keepIn(tx: Tx, answer: KeptAnswer): Promise<void>;
  /**
   * Ends the claim. Keeps the answer unless a commit has done so; null: nothing happened, so the next one may try.
   * Never throws.
   */
  settle(answer: KeptAnswer | null): Promise<void>;
};

/** It is ours to run, or it has been answered. */
export type Claimed =
  | { readonly claim: Claim; readonly answer: null }
  | { readonly claim: null; readonly answer: KeptAnswer };

/** Requests that a client may repeat without doing twice what they do: each has its effect and its answer once a day. */
export type Idempotency = {
  /**
   * Throws IDEMPOTENCY_KEY_REUSED if the key came with another request in the last 24 hours, REQUEST_IN_PROGRESS if this
   * one is running, here or in another process that is alive.
   */
  claim(request: KeyedRequest): Promise<Claimed>;
  /** Waits for what is being given back. What is left belongs to a process that is gone, and so to whoever asks next. */
  close(): Promise<void>;
};

export type IdempotencyOptions = {
  readonly database: Pick<Database, 'lanes'>;
  readonly secrets: Pick<Secrets, 'seal' | 'open' | 'derive'>;
  readonly presence: { readonly processId: string };
  readonly log: Logger;
};

const retryMs = 1_000;

export const createIdempotency = (options: IdempotencyOptions): Idempotency => new OpenIdempotency(options);

class OpenIdempotency implements Idempotency {
  readonly #options: IdempotencyOptions;
  /** Keys that this process uses now, and for which request: one at a time asks PostgreSQL about a key. */
  readonly #busy = new Map<string, Uint8Array>();
  /** Of those, what nobody runs any more though PostgreSQL may believe so. */
  readonly #lost = new Set<KeyRow>();
  #retry: NodeJS.Timeout | null = null;
  #hashKey: Buffer | null = null;

  constructor(options: IdempotencyOptions) {
    this.#options = options;
  }

  async claim(request: KeyedRequest): Promise<Claimed> {
    const { actorId, operation, key } = request;
    const row = { actorId, operation, key };
    const bodyHash = this.#hash(request);
    const busyWith = this.#busy.get(nameOf(row));
    if (busyWith !== undefined) throw isEqual(busyWith, bodyHash) ? inProgress() : reused();
    this.#busy.set(nameOf(row), bodyHash);
    const found = await this.#find(row, bodyHash);
    if (found.outcome === 'reserved') return { claim: this.#open(request, found.epoch), answer: null };
    this.#busy.delete(nameOf(row));
    if (found.outcome === 'reused') throw reused();
    const answer = found.outcome === 'answered' ? unpackAnswer(this.#options.secrets, found.row) : null;
    if (answer === null) throw inProgress();
    return { claim: null, answer };
  }

  close(): Promise<void> {
    return this.#release();
  }

  /** Keyed, since a body may hold a secret that is soon guessed: a dump must not tell whether a guess is right. */
  #hash({ url, body }: KeyedRequest): Buffer {
    this.#hashKey ??= this.#options.secrets.derive('idempotency keys');
    return createHmac('sha256', this.#hashKey).update(`${url}\n`).update(body).digest();
  }

  async #find(row: KeyRow, bodyHash: Uint8Array): Promise<Found> {
    const { database, presence, log } = this.#options;
    try {
      return await findKey(database.lanes, { ...row, bodyHash, processId: presence.processId }, log);
    } catch (thrown) {
      // It may have been reserved, and only the answer was lost.
      this.#lose(row);
      throw thrown;
    }
  }

  #open({ actorId, operation, key, isSecret }: KeyedRequest, epoch: string): Claim {
    const { database, secrets, presence } = this.#options;
    const row = { actorId, operation, key };
    const reservation: Reservation = { ...row, processId: presence.processId, epoch };
    const keep = async (db: Database['lanes'], answer: KeptAnswer): Promise<boolean> => {
      const packed = packAnswer(secrets, { epoch, isSecret, answer });
      return (await keepAnswer(db, { ...reservation, ...packed })).length > 0;
    };
    let isKept = false;
    return {
      keepIn: async (tx, answer) => {
        if (!(await keep(tx, answer))) throw inProgress();
        tx.afterCommit(() => {
          isKept = true;
        });
      },
      settle: async (answer) => {
        try {
          // Not kept: somebody took it over, and keeps an answer of its own.
          if (!isKept && answer !== null) await keep(database.lanes, answer);
          if (!isKept && answer === null) await releaseKey(database.lanes, reservation);
          this.#busy.delete(nameOf(row));
        } catch (err) {
          this.#options.log.warn({ err, operation }, 'an idempotency key could not be given back yet');
          this.#lose(row);
        }
      },
    };
  }

  #lose(row: KeyRow): void {
    this.#lost.add(row);
    this.#retry ??= setTimeout(() => void this.#release(), retryMs).unref();
  }

  /** Other processes see that this one lives, and would wait for an answer that never comes. */
  async #release(): Promise<void> {
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
    const { database, presence, log } = this.#options;
    for (const row of this.#lost) {
      this.#lost.delete(row);
      try {
        await releaseKey(database.lanes, { ...row, processId: presence.processId });
        this.#busy.delete(nameOf(row));
      } catch (err) {
        log.debug({ err }, 'an idempotency key could not be given back; it is tried again');
        this.#lose(row);
        return;
      }
    }
  }
}

/** Neither ids nor operations hold a space. */
const nameOf = ({ actorId, operation, key }: KeyRow): string => `${actorId} ${operation} ${key}`;

const isEqual = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

const reused = (): AppError =>
  kernelError('IDEMPOTENCY_KEY_REUSED', {
    details: { message: 'this Idempotency-Key came with another request in the last 24 hours: make up a new one' },
  });

const inProgress = (): AppError =>
  kernelError('REQUEST_IN_PROGRESS', {
    details: { message: 'the same request is running: ask again for its answer', retryAfterSeconds: 1 },
  });
