import type { PgDatabase } from 'drizzle-orm/pg-core';
import type { PostgresJsQueryResultHKT } from 'drizzle-orm/postgres-js';

import type { RunStatement } from './statement.ts';

declare const transaction: unique symbol;

/**
 * Lanes or an open transaction: every store function takes one first, so either will do.
 * The builder's own methods are for cold paths; what runs on every request is a `prepared` query.
 */
export type Db = PgDatabase<PostgresJsQueryResultHKT, Record<string, never>> & {
  /** How prepared queries reach the connection; not for modules. */
  readonly runStatement: RunStatement;
};

/** An open transaction. Store functions that write take it, so that no write compiles outside `ctx.transaction`. */
export type Tx = Db & {
  readonly [transaction]: true;
  /**
   * Whether a statement has changed rows. One that changes them in a part of its own (`with … as (insert …)`) always
   * counts, a function that does so never.
   */
  readonly hasChanged: boolean;
  /** Runs fn after the work and before the commit, in the order of the calls; what it throws rolls back. For locks that must be short. */
  beforeCommit(fn: () => Promise<void>): void;
  /**
   * Runs fn after that, when nothing else is to come: the statements that it starts are sent together with the commit, and
   * cost no round trip. One that fails rolls back. For what must be written with a change, and whose answer tells nothing.
   */
  withCommit(fn: () => Promise<unknown>): void;
  /** Runs fn once the commit is acknowledged. It must not throw, and is lost with the process: it may only save time. */
  afterCommit(fn: () => void): void;
};

export type Database = {
  /** Short autocommit statements, pipelined over lanes: 2 s per statement, 100 ms for a lock. */
  readonly lanes: Db;
  /**
   * Runs fn on a connection of its own; commits its value or rolls back what it threw. fn runs again, at most three
   * times, after a serialization failure or a deadlock (40001, 40P01), so it must hold no effect but its statements.
   * A commit whose answer was lost throws DATABASE_UNAVAILABLE: whether it happened is then unknown.
   */
  transaction<T>(fn: (tx: Tx) => Promise<T>, options?: { readonly signal?: AbortSignal }): Promise<T>;
  /** False while no lane has a connection: known at once when a socket closes. A silent peer is found by `ping`. */
  readonly isUp: boolean;
  /** Throws DATABASE_UNAVAILABLE unless a statement is answered within 500 ms. One answer serves 250 ms of callers. */
  ping(): Promise<void>;
  /** What an operator may see of the connections now. */
  readonly usage: DatabaseUsage;
  /** Waits for what is in flight, 5 s at most. */
  close(): Promise<void>;
};

export type DatabaseUsage = {
  readonly lanes: { readonly open: number; readonly inFlight: number };
  readonly transactions: { readonly open: number; readonly busy: number; readonly waiting: number };
};
