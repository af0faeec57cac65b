import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

import { sql } from 'drizzle-orm';

import { type Connection, openConnection } from '../database/connection.ts';
import type { Db } from '../database/database.ts';
import { parseEndpoint } from '../database/endpoint.ts';
import { createRunOn, type Observer } from '../database/observer.ts';
import { prepared } from '../database/prepared.ts';
import { createDb } from '../database/session.ts';
import type { Logger } from '../observability/logger.ts';
import { freeUnheld, registerProcess, unregisterProcess } from './process-statements.ts';
import { wakeChannel } from './wakes.ts';

const retryMs = 250;
const stuckMs = 15_000;
const closeSeconds = 2;

export type LineOptions = {
  /** A direct connection where there is one: session locks and LISTEN do not work behind a transaction pooler. */
  readonly url: string;
  readonly isPooled: boolean;
  readonly observer: Observer;
  readonly log: Logger;
  readonly process: { readonly id: string; readonly role: string; readonly release: string };
  readonly queues: readonly string[];
  /** Connected and registered, again after each loss; nothing else is sent before it has ended. */
  readonly onUp: (db: Db) => Promise<void>;
  readonly onNotify: (payload: string) => void;
};

/**
 * The plans of the worker's statements are made once, maybe while the table is empty: they must not read all of a table
 * that is full later. A claim or completion that a crash of the server loses is a task that runs again, as any task may;
 * so these do not wait for the disk. What must happen once commits with the handler, by `completeIn`.
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

const listen = prepared('kernel.listen-tasks', () => sql`listen ${sql.identifier(wakeChannel)}`);

/**
 * The worker's one connection. It holds the process's session lock, so that PostgreSQL itself says at once when the
 * process has died; and claims go over it, so that whoever lost its lock claims nothing.
 */
export class Line {
  readonly #options: LineOptions;
  readonly #stopping = new AbortController();
  readonly #keeper: Promise<void>;
  #connection: Connection | null = null;
  #db: Db | null = null;

  constructor(options: LineOptions) {
    this.#options = options;
    this.#keeper = this.#keep();
  }

  /** Null while there is no connection. */
  get db(): Db | null {
    return this.#connection?.isOpen === true ? this.#db : null;
  }

  /** Begins again: the process was taken for dead, or the server answers no more. */
  restart(): void {
    this.#connection?.destroy();
  }

  sweep(now: number): void {
    if (this.#connection !== null && this.#connection.stuckFor(now) > stuckMs) this.restart();
  }

  /** Leaves as somebody who has nothing in hand: what is, is free at once. */
  async close(): Promise<void> {
    this.#stopping.abort();
    const { db } = this;
    try {
      if (db !== null) {
        const { id } = this.#options.process;
        await freeUnheld(db, { id, held: [] });
        await unregisterProcess(db, { id });
      }
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
        this.#options.log.debug({ err }, 'the task worker has no connection to PostgreSQL; it tries again');
      }
      this.#db = null;
      // Only `close` ends the wait early, and the loop's condition looks at that.
      await delay(retryMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
  }

  async #open(): Promise<Connection> {
    const { url, observer, onNotify, isPooled } = this.#options;
    const connection = await openConnection({
      endpoint: parseEndpoint(url),
      applicationName: 'ashlar tasks',
      settings,
      onNotify: (_channel, payload) => onNotify(payload),
    });
    this.#connection = connection;
    try {
      const runOn = createRunOn(observer);
      const db = createDb(async (statement, values) => runOn(connection, statement, values));
      await this.#register(db);
      if (!isPooled) await listen(db);
      await this.#options.onUp(db);
      this.#db = db;
      return connection;
    } catch (thrown) {
      connection.destroy();
      throw thrown;
    }
  }

  async #register(db: Db): Promise<void> {
    const { process: self, queues, isPooled } = this.#options;
    const row = { ...self, isLocked: !isPooled, host: hostname(), pid: process.pid, queues };
    const [registered] = await registerProcess(db, row);
    if (registered?.isSafe !== true) throw new Error('a former session of this process still holds its lock');
  }
}
