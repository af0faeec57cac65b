import type { Logger } from '../observability/logger.ts';
import { type Connection, openConnection } from './connection.ts';
import type { Database } from './database.ts';
import { parseEndpoint } from './endpoint.ts';
import { databaseUnavailable, sqlStateOf } from './failures.ts';
import { Lanes } from './lanes.ts';
import { createRunOn, type Observer } from './observer.ts';
import { createDb } from './session.ts';
import { createEncoder, type Statement } from './statement.ts';
import { Transactions } from './transactions.ts';

export type DatabaseOptions = Observer & {
  /** See `parseEndpoint`; `sslmode` in it says whether and how to use TLS. */
  readonly url: string;
  readonly log: Logger;
  /** Connections for short statements. Default 2: more than processors bring nothing. */
  readonly lanes?: number;
  /** Connections for transactions at most; opened when needed. Default 4. */
  readonly transactions?: number;
  /** How long the start waits for a server that is away or starting. Default 5 s. */
  readonly startTimeoutMs?: number;
};

/** Shorter than anything that a person waits for: a lane serves everybody. */
const laneSettings = { statement_timeout: 2000, lock_timeout: 100, idle_in_transaction_session_timeout: 60_000 };

const transactionSettings = {
  statement_timeout: 30_000,
  lock_timeout: 5000,
  idle_in_transaction_session_timeout: 60_000,
  // A destroyed connection frees its locks within this time, even while its statement runs.
  client_connection_check_interval: 2000,
};
const transactionTimeoutMs = 60_000;

const lockNotAvailable = '55P03';
const sweepMs = 250;
const pingFreshMs = 250;
const pingTimeoutMs = 500;
const closeSeconds = 5;

/** Connects the lanes. Throws DATABASE_UNAVAILABLE or DATABASE_URL_INVALID, with a message for the operator. */
export const openDatabase = async (options: DatabaseOptions): Promise<Database> => {
  const { lanes, transactions } = createPools(options);
  await lanes.start();
  const timer = setInterval(() => {
    const now = performance.now();
    lanes.sweep(now);
    transactions.sweep(now);
  }, sweepMs).unref();
  return {
    lanes: createDb((statement, values) =>
      lanes.run(statement, values).catch((thrown: unknown) => {
        if (sqlStateOf(thrown) !== lockNotAvailable) throw thrown;
        // It had no effect: it may wait for its lock where nobody stands behind it.
        return transactions.run((tx) => tx.runStatement(statement, values), undefined);
      }),
    ),
    transaction: (fn, { signal } = {}) => transactions.run(fn, signal),
    get isUp() {
      return lanes.isUp;
    },
    get usage() {
      return { lanes: lanes.usage, transactions: transactions.usage };
    },
    ping: createPing(lanes),
    close: async () => {
      await transactions.close(closeSeconds);
      await lanes.close(closeSeconds);
      clearInterval(timer);
    },
  };
};

const createPools = (options: DatabaseOptions): { readonly lanes: Lanes; readonly transactions: Transactions } => {
  const { url, log, lanes: count = 2, transactions: max = 4, startTimeoutMs = 5000 } = options;
  const endpoint = parseEndpoint(url);
  const runOn = createRunOn(options);
  const lanes = new Lanes({
    count,
    runOn,
    log,
    startTimeoutMs,
    open: () => openConnection({ endpoint, applicationName: 'ashlar lane', settings: laneSettings }),
  });
  const openForTransactions = async (): Promise<Connection> => {
    await lanes.untilUp();
    const settings = transactionSettings;
    return openConnection({ endpoint, applicationName: 'ashlar transaction', settings, transactionTimeoutMs });
  };
  return { lanes, transactions: new Transactions({ max, runOn, open: openForTransactions }) };
};

const probe: Statement = {
  name: 'kernel.ping',
  strings: ['select 1'],
  prepare: true,
  shape: 'arrays',
  encode: createEncoder('kernel.ping', []),
  decode: (rows) => rows,
};

/** Everybody who asks within 250 ms gets the same answer, so that a watcher may ask as often as it likes. */
const createPing = (lanes: Lanes): (() => Promise<void>) => {
  let latest: { readonly at: number; readonly answer: Promise<void> } | null = null;
  return async () => {
    if (!lanes.isUp) throw databaseUnavailable('there is no connection to PostgreSQL');
    const now = performance.now();
    if (latest === null || now - latest.at > pingFreshMs) latest = { at: now, answer: pingOnce(lanes) };
    await latest.answer;
  };
};

const pingOnce = async (lanes: Lanes): Promise<void> => {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(databaseUnavailable(`PostgreSQL did not answer within ${pingTimeoutMs} ms`)),
    pingTimeoutMs,
  );
  try {
    await Promise.race([lanes.run(probe, {}), late]);
  } finally {
    clearTimeout(timer);
  }
};
