import type { Sql } from 'postgres';

import { openConnection, type SessionSettings } from './connection.ts';
import { parseEndpoint } from './endpoint.ts';

export type SessionOptions = {
  readonly url: string;
  /** Shown in pg_stat_activity, after `ashlar`. */
  readonly name: string;
  /** PostgreSQL settings; default none: statements may take any time. */
  readonly settings?: SessionSettings;
  /** What `LISTEN` brings. */
  readonly onNotify?: (channel: string, payload: string) => void;
};

/** One connection that belongs to its opener: for session locks, LISTEN, migrations and reports. */
export type Session = {
  readonly sql: Sql;
  /** Resolves when the connection is lost; a session does not reconnect, since its locks are gone. */
  readonly closed: Promise<void>;
  close(): Promise<void>;
};

/** Throws DATABASE_UNAVAILABLE, naming the server, if it cannot connect. */
export const openSession = async ({ url, name, settings = {}, onNotify }: SessionOptions): Promise<Session> => {
  const connection = await openConnection({
    endpoint: parseEndpoint(url),
    applicationName: `ashlar ${name}`,
    settings,
    ...(onNotify && { onNotify }),
  });
  return { sql: connection.client, closed: connection.closed, close: () => connection.close(1) };
};
