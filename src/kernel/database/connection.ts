import { readFileSync } from 'node:fs';
import { connect, isIP, type Socket } from 'node:net';

import postgres from 'postgres';

import { AppError } from '../error.ts';
import { addArrayTypes } from './array-types.ts';
import { describeEndpoint, type Endpoint } from './endpoint.ts';
import { databaseUnavailable } from './failures.ts';
import type { RawRows, Statement } from './statement.ts';

/** PostgreSQL settings of a session; times in milliseconds. */
export type SessionSettings = Readonly<Record<string, string | number>>;

export type ConnectionOptions = {
  readonly endpoint: Endpoint;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  readonly settings: SessionSettings;
  /** Only PostgreSQL 17 knows `transaction_timeout`; older servers run without it. */
  readonly transactionTimeoutMs?: number;
  /** For connecting and signing in. Default 1.5 s, so that a server that is back is found within 2 s. */
  readonly connectTimeoutMs?: number;
  readonly onNotify?: (channel: string, payload: string) => void;
};

type Client = postgres.Sql;
type SendOptions = { readonly prepare: boolean; readonly simple?: boolean };

const namedStatement: SendOptions = { prepare: true, simple: false };
const unnamedStatement: SendOptions = { prepare: false };

/**
 * One connection with one life: a postgres.js client of `max: 1` (it decays with more: 25,000 to 9,600 statements per
 * second within 24 s) over a socket of ours. It never reconnects; whoever needs another opens another.
 */
export class Connection {
  readonly client: Client;
  /** Resolves when the socket is gone, whoever closed it. */
  readonly closed: Promise<void>;
  isOpen = true;
  #submitted = 0;
  #settled = 0;
  #mark = 0;
  #markedAt = 0;
  readonly #socket: Socket;

  constructor(client: Client, socket: Socket, closed: Promise<void>) {
    this.client = client;
    this.#socket = socket;
    this.closed = closed;
  }

  get inFlight(): number {
    return this.#submitted - this.#settled;
  }

  /** Sends at once, behind what is in flight. The caller says `settled` when it has the answer. */
  send(statement: Statement, params: unknown[]): PromiseLike<RawRows> {
    this.#submitted += 1;
    // `as`: postgres.js has no type for the values of statements that it does not tag, nor for `simple`.
    const query = this.client.unsafe(
      statement.strings[0],
      params as never[],
      statement.prepare ? namedStatement : unnamedStatement,
    );
    keepStrings(query, statement.strings);
    return statement.shape === 'arrays' ? query.values() : query;
  }

  settled(): void {
    this.#settled += 1;
  }

  /** How long, in milliseconds, the oldest statement in flight has been there at least. Asked for a few times a second. */
  stuckFor(now: number): number {
    if (this.#settled >= this.#mark) {
      this.#mark = this.#submitted;
      this.#markedAt = now;
    }
    return this.#settled < this.#mark ? now - this.#markedAt : 0;
  }

  /** Lets what is in flight finish for at most `seconds`. */
  async close(seconds: number): Promise<void> {
    await this.client.end({ timeout: seconds });
    this.#socket.destroy();
  }

  /** Fails what is in flight, now. The server notices when it next looks at the socket. */
  destroy(): void {
    this.isOpen = false;
    this.#socket.destroy();
  }
}

/** postgres.js remembers a failed statement by its strings, for ever; with one array per statement that is bounded. */
const keepStrings = (query: object, strings: readonly [string]): void => {
  // `as`: the field is not in its types.
  (query as { strings: readonly string[] }).strings = strings;
};

/** Connects, signs in and applies the settings; throws DATABASE_UNAVAILABLE, naming the server, with the cause. */
export const openConnection = async (options: ConnectionOptions): Promise<Connection> => {
  const { endpoint, connectTimeoutMs = 1500 } = options;
  const socket = createSocket(endpoint);
  const timer = setTimeout(() => socket.destroy(), connectTimeoutMs);
  try {
    await connected(socket);
    return await Promise.race([signIn(options, socket), lost(socket)]);
  } catch (thrown) {
    socket.destroy();
    const reason = thrown instanceof Error ? thrown.message || String(thrown) : String(thrown);
    throw databaseUnavailable(
      `connecting to ${describeEndpoint(endpoint)} failed: ${reason}. Is PostgreSQL running there, and are address, user and password right?`,
      thrown,
    );
  } finally {
    clearTimeout(timer);
  }
};

const signIn = async (options: ConnectionOptions, socket: Socket): Promise<Connection> => {
  const connection = createConnection(options, socket);
  const { transactionTimeoutMs = 0 } = options;
  await connection.client.unsafe(
    `select set_config('transaction_timeout', '${transactionTimeoutMs}', false) where current_setting('server_version_num')::int >= 170000`,
  );
  return connection;
};

/** postgres.js does not notice a socket that closes before it has begun to listen to it. */
const lost = (socket: Socket): Promise<never> =>
  new Promise((_resolve, reject) => {
    const fail = () =>
      reject(Object.assign(new Error('the connection was closed while signing in'), { code: 'CONNECTION_CLOSED' }));
    socket.once('close', fail);
  });

const createSocket = ({ host, port }: Endpoint): Socket => {
  const socket = host.startsWith('/') ? connect({ path: `${host}/.s.PGSQL.${port}` }) : connect({ host, port });
  return socket.setNoDelay(true).setKeepAlive(true, 30_000);
};

const connected = (socket: Socket): Promise<void> => {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once('connect', resolve).once('error', reject);
  return promise.finally(() => socket.off('connect', resolve).off('error', reject));
};

const createConnection = (options: ConnectionOptions, socket: Socket): Connection => {
  const { endpoint } = options;
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const client = postgres({
    ...everyOption,
    host: endpoint.host,
    port: endpoint.port,
    user: endpoint.user,
    password: endpoint.password,
    database: endpoint.database,
    ssl: tlsOf(endpoint),
    connection: { application_name: options.applicationName, ...options.settings },
    onnotice: () => undefined,
    onclose: () => {
      connection.isOpen = false;
      // Without this, statements in postgres.js's own line would wait for a reconnect that never comes.
      void client.end({ timeout: 0 });
      resolve();
    },
    ...(options.onNotify && { onnotify: options.onNotify }),
    ...handOver(socket),
  });
  leaveTextAlone(client);
  addArrayTypes(client.options);
  const connection = new Connection(client, socket, closed);
  return connection;
};

/** `socket` is an option of postgres.js that its types leave out. Asked again, it would reconnect: there is no other. */
const handOver = (socket: Socket): { readonly socket: () => Socket } => {
  let isGiven = false;
  return {
    socket: () => {
      if (isGiven) throw Object.assign(new Error('the connection has ended'), { code: 'CONNECTION_ENDED' });
      isGiven = true;
      return socket;
    },
  };
};

/** All options that postgres.js would else read from environment variables. */
const everyOption = {
  max: 1,
  idle_timeout: 0,
  connect_timeout: 0,
  max_lifetime: null,
  max_pipeline: 100,
  keep_alive: null,
  backoff: () => 0,
  prepare: true,
  debug: false,
  fetch_types: false,
} as const;

const tlsOf = ({ tls, host, tlsCaFile }: Endpoint): false | object => {
  if (tls === 'disable') return false;
  const trusted = tlsCaFile === null ? {} : { ca: readAuthority(tlsCaFile) };
  // A certificate may be for an address, but TLS itself sends names only (RFC 6066, section 3).
  return { host, ...trusted, ...(isIP(host) === 0 && { servername: host }), rejectUnauthorized: tls === 'verify-full' };
};

const readAuthority = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const message = `cannot read the certificate authority of the database, ${path}: check database.sslCaFile`;
    throw new AppError('DATABASE_URL_INVALID', { kind: 'conflict', details: { message }, cause });
  }
};

/** date, time, timestamp and timestamptz, and their arrays: drizzle reads them as text. */
const timeTypes = [1082, 1083, 1114, 1184, 1182, 1183, 1115, 1185, 1231];
const jsonTypes = [114, 3802];

/** What drizzle does to the client that it is given; each of our connections needs it. */
const leaveTextAlone = (client: Client): void => {
  const { parsers, serializers } = client.options;
  const same = (value: unknown): unknown => value;
  for (const type of timeTypes) {
    parsers[type] = same;
    serializers[type] = (value: unknown) => (value instanceof Date ? value.toISOString() : value);
  }
  for (const type of jsonTypes) {
    serializers[type] = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  }
};
