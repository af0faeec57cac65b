import { setTimeout as delay } from 'node:timers/promises';

import type { Logger } from '../observability/logger.ts';
import type { Connection } from './connection.ts';
import { databaseUnavailable, isTransient } from './failures.ts';
import type { RunOn } from './observer.ts';
import type { Statement, Values } from './statement.ts';

const retryMs = 250;
/** How long after a loss statements still wait for the server; later they fail at once. */
const patienceMs = 500;
const stuckMs = 3000;

export type LanesOptions = {
  readonly count: number;
  readonly open: () => Promise<Connection>;
  readonly runOn: RunOn;
  readonly log: Logger;
  /** How long the first connections may take, while the server is away or starting. */
  readonly startTimeoutMs: number;
};

/**
 * N connections that take statements at once, without waiting for the one before: each statement goes to the
 * connection with the fewest in flight. Each connection is replaced, at most every 250 ms, when it is lost.
 */
export class Lanes {
  readonly #options: LanesOptions;
  readonly #connections = new Set<Connection>();
  readonly #stopping = new AbortController();
  readonly #keepers: Promise<void>[] = [];
  #isClosed = false;
  #isLost = false;
  #back = Promise.withResolvers<void>();
  #downSince = performance.now();
  #lastFailure: unknown = undefined;

  constructor(options: LanesOptions) {
    this.#options = options;
  }

  get isUp(): boolean {
    return this.#pick() !== null;
  }

  get usage(): { readonly open: number; readonly inFlight: number } {
    let inFlight = 0;
    for (const connection of this.#connections) inFlight += connection.inFlight;
    return { open: this.#connections.size, inFlight };
  }

  /** Opens every lane; throws what the server answered when it refuses, or when the time is over. */
  async start(): Promise<void> {
    const deadline = performance.now() + this.#options.startTimeoutMs;
    const first = await Promise.allSettled(
      Array.from({ length: this.#options.count }, () => this.#openBefore(deadline)),
    );
    const refused = first.find((result) => result.status === 'rejected');
    const opened = first.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    if (refused) {
      await Promise.all(opened.map((connection) => connection.close(0)));
      throw refused.reason;
    }
    for (const connection of opened) this.#keepers.push(this.#keep(connection));
  }

  run(statement: Statement, values: Values): Promise<unknown> {
    const connection = this.#pick();
    if (connection === null) return this.#runLater(statement, values);
    return toPromise(() => this.#options.runOn(connection, statement, values));
  }

  /** Waits, during the first 500 ms of an outage, for a lane; throws DATABASE_UNAVAILABLE if none comes. */
  async untilUp(): Promise<void> {
    if (this.isUp) return;
    const left = this.#downSince + patienceMs - performance.now();
    if (left > 0 && !this.#isClosed) await Promise.race([this.#back.promise, delay(left, undefined, { ref: false })]);
    if (!this.isUp)
      throw databaseUnavailable('PostgreSQL cannot be reached; Ashlar tries again every 250 ms', this.#lastFailure);
  }

  /** Destroys lanes whose oldest statement is in flight for more than 3 s: PostgreSQL itself ends them at 2 s. */
  sweep(now: number): void {
    for (const connection of this.#connections) {
      if (connection.stuckFor(now) <= stuckMs) continue;
      this.#options.log.warn({ inFlight: connection.inFlight }, 'a database lane answers no more: replaced');
      connection.destroy();
    }
  }

  async close(seconds: number): Promise<void> {
    this.#isClosed = true;
    this.#stopping.abort();
    await Promise.all(Array.from(this.#connections, (connection) => connection.close(seconds)));
    await Promise.all(this.#keepers);
  }

  #pick(): Connection | null {
    let best: Connection | null = null;
    for (const connection of this.#connections) {
      if (connection.isOpen && (best === null || connection.inFlight < best.inFlight)) best = connection;
    }
    return best;
  }

  async #runLater(statement: Statement, values: Values): Promise<unknown> {
    await this.untilUp();
    const connection = this.#pick();
    if (connection === null) throw databaseUnavailable('PostgreSQL was lost again', this.#lastFailure);
    return this.#options.runOn(connection, statement, values);
  }

  async #openBefore(deadline: number): Promise<Connection> {
    for (;;) {
      try {
        return await this.#options.open();
      } catch (thrown) {
        if (!isTransient(thrown) || performance.now() + retryMs > deadline) throw thrown;
        await delay(retryMs);
      }
    }
  }

  /** Lives as long as the lane: from one connection to the next. */
  async #keep(first: Connection): Promise<void> {
    for (let connection: Connection | null = first; connection; connection = await this.#reopen()) {
      this.#add(connection);
      await connection.closed;
      this.#remove(connection);
    }
  }

  async #reopen(): Promise<Connection | null> {
    while (!this.#isClosed) {
      try {
        return await this.#options.open();
      } catch (thrown) {
        this.#lastFailure = thrown;
        // Only the abort of `close` ends the wait early, and the loop's condition looks at that.
        await delay(retryMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      }
    }
    return null;
  }

  #add(connection: Connection): void {
    if (this.#isClosed) return connection.destroy();
    const wasUp = this.isUp;
    this.#connections.add(connection);
    if (wasUp) return;
    if (this.#isLost) this.#options.log.info('PostgreSQL is back');
    this.#isLost = false;
    this.#back.resolve();
  }

  #remove(connection: Connection): void {
    this.#connections.delete(connection);
    if (this.isUp || this.#isClosed || this.#isLost) return;
    this.#isLost = true;
    this.#downSince = performance.now();
    this.#back = Promise.withResolvers();
    this.#options.log.error('PostgreSQL is lost: requests that need it answer 503 until it is back');
  }
}

/** Encoding a value may throw before anything is sent: a rejection too. */
const toPromise = (run: () => PromiseLike<unknown>): Promise<unknown> => {
  try {
    // `as`: postgres.js answers a true promise; its types only call it a thenable.
    return run() as Promise<unknown>;
  } catch (thrown) {
    return Promise.reject(thrown);
  }
};
