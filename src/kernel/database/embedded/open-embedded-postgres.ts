import type { Logger } from '../../observability/logger.ts';
import { type Binaries, prepareBinaries } from './binaries.ts';
import { createClaim } from './claim.ts';
import { type Credentials, databaseUrl, readCredentials } from './credentials.ts';
import { explainFailure } from './embedded-error.ts';
import { exists, findHome, type Home, prepareHome } from './home.ts';
import { initialiseIfAbsent } from './initialise.ts';
import { withLock } from './lock.ts';
import { joinMembers, listOtherMembers, type Membership } from './members.ts';
import { isRunning } from './processes.ts';
import { ensureServer, type Server, stopServer } from './server.ts';
import { boundServerLog } from './server-log.ts';
import { openWatchdog } from './watchdog.ts';

export type EmbeddedPostgres = {
  /** Role `ashlar_owner`, which owns the database `ashlar`: migrates. `postgres://role:password@127.0.0.1:port/ashlar`. */
  readonly ownerUrl: string;
  /** Role `ashlar_app`, which reads and writes what the owner made, and makes nothing: runs. */
  readonly url: string;
  /** The superuser, at the maintenance database `postgres`: for template databases and tests only. */
  readonly adminUrl: string;
  /** True if this call made the database. */
  readonly isFirstStart: boolean;
  /** Leaves the server, and stops it if no other process uses it. A second call does nothing. */
  close(): Promise<void>;
};

export type EmbeddedPostgresOptions = {
  /** Absolute. Made if it is absent. */
  readonly dataDirectory: string;
  readonly log: Logger;
  /** Account of the operating system that runs the server when we are root; undefined: `postgres`, else `nobody`. */
  readonly user?: string | undefined;
  /** Port on 127.0.0.1; undefined: a free one. A server that runs already keeps its own. */
  readonly port?: number | undefined;
};

/**
 * Joins the PostgreSQL server of the data directory; sets it up and starts it if need be, and starts it again whenever it
 * dies, on the same port. Any number of processes may do so at once. The server outlives a killed process, and ends with
 * the last that closes. Throws an AppError with one of the codes of embedded-error.ts.
 */
export const openEmbeddedPostgres = async (options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> => {
  const { dataDirectory, log, user } = options;
  try {
    const home = await findHome(dataDirectory, user);
    await prepareHome(home);
    const joined = await withLock(home.path, log, () => join(home, options));
    return serve(home, joined, log);
  } catch (thrown) {
    throw explainFailure(thrown, dataDirectory);
  }
};

type Joined = {
  readonly membership: Membership;
  readonly binaries: Binaries;
  readonly credentials: Credentials;
  readonly server: Server;
  readonly isFirstStart: boolean;
};

const join = async (home: Home, { log, port }: EmbeddedPostgresOptions): Promise<Joined> => {
  const binaries = await prepareBinaries(home);
  const membership = await joinMembers(home.path, log);
  try {
    const isFirstStart = await initialiseIfAbsent(home, binaries, log);
    const credentials = await readCredentials(home.path);
    const server = await ensureServer({ home, binaries, port, log });
    if (port !== undefined && port !== server.port) {
      log.warn({ port: server.port, configured: port }, 'embedded PostgreSQL already runs on another port');
    }
    return { membership, binaries, credentials, server, isFirstStart };
  } catch (thrown) {
    if (await membership.leave()) await stopServer(home.cluster);
    throw thrown;
  }
};

const serve = (home: Home, joined: Joined, log: Logger): EmbeddedPostgres => {
  const { membership, binaries, credentials, isFirstStart } = joined;
  const { port } = joined.server;
  let server = joined.server;
  const watchdog = openWatchdog({
    log,
    isAlive: () => isRunning(server.process),
    revive: async () => {
      log.warn({ serverPid: server.process.pid }, 'embedded PostgreSQL died; starting it again');
      server = await withLock(home.path, log, () => ensureServer({ home, binaries, port, log }));
    },
  });
  const stopBounding = keepLogBounded(home, log);
  const close = async (): Promise<void> => {
    stopBounding();
    await watchdog.close();
    try {
      await withLock(home.path, log, async () => {
        if (await membership.leave()) await stopServer(home.cluster);
      });
    } catch (thrown) {
      throw explainFailure(thrown, home.path);
    }
  };
  let closed: Promise<void> | null = null;
  return {
    ownerUrl: databaseUrl('owner', credentials, port),
    url: databaseUrl('app', credentials, port),
    adminUrl: databaseUrl('admin', credentials, port),
    isFirstStart,
    close: () => (closed ??= close()),
  };
};

const keepLogBounded = (home: Home, log: Logger): (() => void) => {
  const bound = () =>
    boundServerLog(home.path).catch((error: unknown) =>
      log.warn({ err: error }, 'cannot shorten the log of PostgreSQL'),
    );
  const timer = setInterval(() => void bound(), 10_000).unref();
  return () => clearInterval(timer);
};

/** `in_use`: the server goes on, since processes of Ashlar use it; stopping them stops it. */
export type StopOutcome = 'stopped' | 'not_running' | 'in_use';

/** Stops a server that was left running by processes that were killed. */
export const stopEmbeddedPostgres = async (
  options: Pick<EmbeddedPostgresOptions, 'dataDirectory' | 'log'>,
): Promise<StopOutcome> => {
  const { dataDirectory, log } = options;
  try {
    const home = await findHome(dataDirectory, undefined);
    if (!(await exists(home.cluster))) return 'not_running';
    return await withLock(home.path, log, async () => {
      const members = await listOtherMembers(home.path, await createClaim());
      if (members.length > 0) return 'in_use';
      return (await stopServer(home.cluster)) ? 'stopped' : 'not_running';
    });
  } catch (thrown) {
    throw explainFailure(thrown, dataDirectory);
  }
};
