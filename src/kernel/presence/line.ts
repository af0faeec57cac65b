import { setTimeout as delay } from 'node:timers/promises';

import { type Connection, openConnection } from '../database/connection.ts';
import type { Db } from '../database/database.ts';
import { parseEndpoint } from '../database/endpoint.ts';
import { createRunOn, type Observer } from '../database/observer.ts';
import { createDb } from '../database/session.ts';
import type { Logger } from '../observability/logger.ts';

const retryMs = 250;
const stuckMs = 15_000;
const closeSeconds = 2;

export type LineOptions = {
  /** A direct connection where there is one: session locks and LISTEN do not work behind a transaction pooler. */
  readonly url: string;
  /** Shown in pg_stat_activity, after `ashlar`. */
  readonly name: string;
  readonly observer: Observer;
  readonly log: Logger;
  /** Connected, again after each loss; nothing else is sent before it has ended. */
  readonly onOpen: (db: Db) => Promise<void>;
  /** `db` shows the connection. */
  readonly onUp: () => void;
  readonly onNotify?: (channel: string, payload: string) => void;
};

/**
 * The plans of these statements are made once, maybe while a table is empty: they must not read all of a table that is
 * full later. A claim or completion that a crash of the server loses is a task that runs again, as any task may; so
 * these do not wait for the disk. What must happen once commits with the handler, by `completeIn`.
 */
const settings = {
  timezone: 'UTC',
  synchronous_commit: 'off',
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  plan_cache_mode: 'force_generic_plan',
  statement_timeout: 10_000,
  lock_timeout: 1000,
};

/** A connection that comes back by itself, and is shown to nobody before it is ready. */
export class Line {
  readonly #options: LineOptions;
  readonly #stopping = new AbortController();
  readonly #keeper: Promise<void>;
  #connection: Connection | null = null;
  #db: Db | null = null;
  #lastFailure: unknown = null;

  constructor(options: LineOptions) {
    this.#options = options;
    this.#keeper = this.#keep();
  }

  /** Null while there is no connection. */
  get db(): Db | null {
    return this.#connection?.isOpen === true ? this.#db : null;
  }

  /** Why there is none; null if nothing went wrong yet. */
  get lastFailure(): unknown {
    return this.#lastFailure;
  }

  restart(): void {
    this.#connection?.destroy();
  }

  /** Ends a connection whose server answers no more; asked for a few times a second. */
  sweep(now: number): void {
    if (this.#connection !== null && this.#connection.stuckFor(now) > stuckMs) this.restart();
  }

  /** `leave` is what is still said, if there is a connection. */
  async close(leave: (db: Db) => Promise<void>): Promise<void> {
    this.#stopping.abort();
    const { db } = this;
    try {
      if (db !== null) await leave(db);
    } finally {
      await this.#connection?.close(closeSeconds);
      await this.#keeper;
    }
  }

  async #keep(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        const connection = await this.#open();
        // `close` came while it was being opened, and saw nothing to close.
        if (this.#stopping.signal.aborted) await connection.close(closeSeconds);
        await connection.closed;
      } catch (err) {
        this.#lastFailure = err;
        this.#options.log.debug({ err }, 'this process has no connection of its own to PostgreSQL; it tries again');
      }
      this.#db = null;
      // Only `close` ends the wait early, and the loop's condition looks at that.
      await delay(retryMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
  }

  async #open(): Promise<Connection> {
    const { url, name, observer, onNotify, onOpen, onUp } = this.#options;
    const connection = await openConnection({
      endpoint: parseEndpoint(url),
      applicationName: `ashlar ${name}`,
      settings,
      ...(onNotify && { onNotify }),
    });
    this.#connection = connection;
    try {
      const runOn = createRunOn(observer);
      const db = createDb(async (statement, values) => runOn(connection, statement, values));
      await onOpen(db);
      this.#db = db;
      onUp();
      return connection;
    } catch (thrown) {
      connection.destroy();
      throw thrown;
    }
  }
}
