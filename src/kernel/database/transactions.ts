import { setTimeout as delay } from 'node:timers/promises';

import type { Connection } from './connection.ts';
import type { Tx } from './database.ts';
import { databaseUnavailable, sqlStateOf } from './failures.ts';
import type { RunOn } from './observer.ts';
import { createDb } from './session.ts';
import type { Statement } from './statement.ts';

const longestLine = 200;
const maxReruns = 3;
const rerunPauseMs = 50;
/** After an abort the rollback waits behind the statement that runs; then the connection goes. */
const rollbackMs = 1000;
/** Above the 30 s that a statement may take: only a silent server gets there. */
const stuckMs = 35_000;

export type TransactionsOptions = {
  readonly max: number;
  readonly open: () => Promise<Connection>;
  readonly runOn: RunOn;
};

type Waiter = { readonly resolve: (connection: Connection | null) => void };

/** Connections for transactions, opened when they are needed, and the line of those who wait for one. */
export class Transactions {
  readonly #options: TransactionsOptions;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();
  readonly #waiters = new Set<Waiter>();
  readonly #running = new Set<Promise<unknown>>();
  #opening = 0;
  #isClosed = false;

  constructor(options: TransactionsOptions) {
    this.#options = options;
  }

  get usage(): { readonly open: number; readonly busy: number; readonly waiting: number } {
    return { open: this.#all.size, busy: this.#all.size - this.#idle.length, waiting: this.#waiters.size };
  }

  run<T>(fn: (tx: Tx) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const running = this.#runAndRerun(fn, signal).finally(() => this.#running.delete(running));
    this.#running.add(running);
    return running;
  }

  async #runAndRerun<T>(fn: (tx: Tx) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    for (let reruns = 0; ; reruns += 1) {
      // At once it would often take back its first lock before the other, whom it made room for, wakes up.
      if (reruns > 0) await delay(Math.random() * reruns * rerunPauseMs);
      const connection = await this.#acquire(signal);
      try {
        return await runTransaction(this.#options.runOn, connection, { fn, signal });
      } catch (thrown) {
        if (reruns === maxReruns || !isRerunnable(thrown) || signal?.aborted === true) throw thrown;
      } finally {
        this.#release(connection);
      }
    }
  }

  sweep(now: number): void {
    for (const connection of this.#all) if (connection.stuckFor(now) > stuckMs) connection.destroy();
  }

  /** Lets open transactions end; after `seconds` they are rolled back. */
  async close(seconds: number): Promise<void> {
    this.#isClosed = true;
    for (const waiter of this.#waiters) waiter.resolve(null);
    await Promise.race([Promise.allSettled(this.#running), delay(seconds * 1000, undefined, { ref: false })]);
    await Promise.all(Array.from(this.#all, (connection) => connection.close(0)));
  }

  async #acquire(signal: AbortSignal | undefined): Promise<Connection> {
    signal?.throwIfAborted();
    if (this.#isClosed) throw databaseUnavailable('the database is being closed');
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) if (idle.isOpen) return idle;
    if (this.#all.size + this.#opening < this.#options.max) return this.#open();
    if (this.#waiters.size >= longestLine) {
      throw databaseUnavailable(`${longestLine} transactions wait for a connection already`);
    }
    // Null: a connection was lost or the pool closes; look again.
    return (await this.#wait(signal)) ?? this.#acquire(signal);
  }

  async #open(): Promise<Connection> {
    this.#opening += 1;
    try {
      const connection = await this.#options.open();
      this.#all.add(connection);
      void connection.closed.then(() => this.#forget(connection));
      return connection;
    } catch (thrown) {
      this.#wakeOne(null);
      throw thrown;
    } finally {
      this.#opening -= 1;
    }
  }

  #wait(signal: AbortSignal | undefined): Promise<Connection | null> {
    const { promise, resolve, reject } = Promise.withResolvers<Connection | null>();
    const waiter: Waiter = { resolve };
    const abort = () => reject(signal?.reason);
    this.#waiters.add(waiter);
    signal?.addEventListener('abort', abort, { once: true });
    return promise.finally(() => {
      this.#waiters.delete(waiter);
      signal?.removeEventListener('abort', abort);
    });
  }

  #release(connection: Connection): void {
    if (!connection.isOpen) return;
    if (!this.#wakeOne(connection)) this.#idle.push(connection);
  }

  #forget(connection: Connection): void {
    this.#all.delete(connection);
    const index = this.#idle.indexOf(connection);
    if (index !== -1) this.#idle.splice(index, 1);
    this.#wakeOne(null);
  }

  #wakeOne(connection: Connection | null): boolean {
    const [first] = this.#waiters;
    if (!first) return false;
    this.#waiters.delete(first);
    first.resolve(connection);
    return true;
  }
}

const isRerunnable = (thrown: unknown): boolean => {
  const state = sqlStateOf(thrown);
  return state === '40001' || state === '40P01';
};

type Work<T> = { readonly fn: (tx: Tx) => Promise<T>; readonly signal: AbortSignal | undefined };

const runTransaction = async <T>(runOn: RunOn, connection: Connection, work: Work<T>): Promise<T> => {
  const scope = openScope(runOn, connection);
  const { aborted, forget } = watchAbort(work.signal);
  try {
    // Sent with the first statement: its answer is only needed before the commit.
    const begun = Promise.resolve(runOn(connection, begin, {}));
    begun.catch(() => undefined);
    const value = await Promise.race([work.fn(scope.tx).then(scope.finish), aborted]);
    const sent = scope.send();
    scope.end();
    await begun;
    await commitOn(runOn, connection, sent);
    scope.committed();
    return value;
  } catch (thrown) {
    scope.end();
    await rollBack(runOn, connection);
    throw thrown;
  } finally {
    forget();
  }
};

type Scope = {
  readonly tx: Tx;
  /** Runs what waits for the end of fn; answers fn's value. */
  finish<T>(value: T): Promise<T>;
  /** Starts what goes with the commit. */
  send(): readonly Promise<unknown>[];
  end(): void;
  committed(): void;
};

/** Ends what fn may do with `tx` when the transaction ends: the connection is then somebody else's. */
const openScope = (runOn: RunOn, connection: Connection): Scope => {
  let isOver = false;
  const before: (() => Promise<void>)[] = [];
  const last: (() => Promise<unknown>)[] = [];
  const after: (() => void)[] = [];
  const changes = watchChanges();
  const db = createDb(async (statement, values) => {
    if (isOver)
      throw new Error(`the transaction of the query ${statement.name} is over: every statement must be awaited in it`);
    return runOn(connection, changes.watched(statement), values);
  });
  const hooks = {
    get hasChanged() {
      return changes.any();
    },
    beforeCommit: (fn: () => Promise<void>) => void before.push(fn),
    withCommit: (fn: () => Promise<unknown>) => void last.push(fn),
    afterCommit: (fn: () => void) => void after.push(fn),
  };
  return {
    // `as`: the brand exists in types only, and this is the one place that gives it.
    tx: Object.defineProperties(db, Object.getOwnPropertyDescriptors(hooks)) as unknown as Tx,
    finish: async (value) => {
      for (const fn of before) await fn();
      return value;
    },
    send: () => last.map((fn) => startQuietly(fn)),
    end: () => {
      isOver = true;
    },
    committed: () => {
      for (const fn of after) fn();
    },
  };
};

const writesInParts = /\b(?:insert\s+into|delete\s+from|merge\s+into|update\s[^;]*\sset)\s/i;

/** PostgreSQL says of each statement what it was and how many rows it touched; of its parts it says nothing. */
const watchChanges = () => {
  let isChanged = false;
  const queries: Statement[] = [];
  return {
    any: () => isChanged || queries.some(({ strings: [text] }) => writesInParts.test(text)),
    watched: (statement: Statement): Statement => ({
      ...statement,
      decode: (rows) => {
        if ('command' in rows && rows.command === 'SELECT') queries.push(statement);
        else if ('count' in rows && Number(rows.count) > 0) isChanged = true;
        return statement.decode(rows);
      },
    }),
  };
};

/** Its failure is looked at when the commit has answered. */
const startQuietly = (fn: () => Promise<unknown>): Promise<unknown> => {
  // Called at once: a query that was only built starts here.
  const started = fn().then((answer) => answer);
  started.catch(() => undefined);
  return started;
};

const watchAbort = (
  signal: AbortSignal | undefined,
): { readonly aborted: Promise<never>; readonly forget: () => void } => {
  const { promise, reject } = Promise.withResolvers<never>();
  // A signal may fire while nothing races it any more, during the commit: the commit's answer then counts.
  promise.catch(() => undefined);
  const abort = () => reject(signal?.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort, { once: true });
  return { aborted: promise, forget: () => signal?.removeEventListener('abort', abort) };
};

const command = (name: string): Statement => ({
  name,
  strings: [name],
  prepare: false,
  shape: 'objects',
  encode: () => [],
  // The command tag: `COMMIT` answers `ROLLBACK` when a statement before it had failed.
  decode: (rows) => ('command' in rows ? rows.command : ''),
});

const begin = command('begin');
const commit = command('commit');
const rollback = command('rollback');

const commitOn = async (runOn: RunOn, connection: Connection, sent: readonly Promise<unknown>[]): Promise<void> => {
  const tag = await runOn(connection, commit, {}).then(null, (thrown: unknown) => {
    if (connection.isOpen && sqlStateOf(thrown) !== null) throw thrown;
    throw databaseUnavailable(
      'the connection was lost during a commit: whether the change was made is unknown',
      thrown,
    );
  });
  // The answers came before that of the commit.
  for (const one of tag === 'COMMIT' ? [] : sent) await one;
  if (tag !== 'COMMIT')
    throw new Error('PostgreSQL rolled the transaction back: a statement in it failed, and its error was caught');
};

const rollBack = async (runOn: RunOn, connection: Connection): Promise<void> => {
  if (!connection.isOpen) return;
  const timer = setTimeout(() => connection.destroy(), rollbackMs);
  try {
    await runOn(connection, rollback, {});
  } catch {
    // A connection that cannot roll back is not used again; PostgreSQL rolls back when it closes.
    connection.destroy();
  } finally {
    clearTimeout(timer);
  }
};
