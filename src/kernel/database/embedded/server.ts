import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

import { AppError } from '../../error.ts';
import type { Logger } from '../../observability/logger.ts';
import type { Binaries } from './binaries.ts';
import { embeddedError, explainOutput } from './embedded-error.ts';
import type { Home } from './home.ts';
import { spawnIdentity } from './identity.ts';
import { endOrphans, signalProcess } from './orphans.ts';
import { poll } from './poll.ts';
import { choosePort } from './ports.ts';
import { inspectPostmaster, type Postmaster, removeMisleadingFile } from './postmaster.ts';
import { isRunning, type Process } from './processes.ts';
import { programEnvironment } from './programs.ts';
import { openServerLog, readServerLogFrom, serverLogIn, sizeOf } from './server-log.ts';
import { clearSockets, refuseIfAnswered } from './sockets.ts';

export type Server = { readonly process: Process; readonly port: number };

type Start = {
  readonly home: Home;
  readonly binaries: Binaries;
  /** Undefined: any free one. */
  readonly port: number | undefined;
  readonly log: Logger;
};

/** A crash recovery replays at most max_wal_size (1 GB); a shutdown writes at most shared_buffers. */
const readyDeadlineMs = 150_000;
const stopDeadlineMs = 60_000;

/** Adopts the server of this home, or starts it; answers when it takes connections. Call under the lock. */
export const ensureServer = async (start: Start): Promise<Server> => {
  const { home, log } = start;
  const found = await settle(home.cluster);
  if (found.kind === 'ready') return found;
  await refuseIfAnswered(home);
  await endOrphans(home.cluster, log);
  await removeMisleadingFile(home.cluster);
  await clearSockets(home);
  return start.port === undefined ? startAnywhere(start) : startServer(start, start.port);
};

/** Between the look at a port and the start another program may take it: then once more. */
const startAnywhere = async (start: Start): Promise<Server> => {
  try {
    return await startServer(start, await choosePort(start.home.path));
  } catch (thrown) {
    if (!(thrown instanceof AppError && thrown.code === 'EMBEDDED_DATABASE_PORT_TAKEN')) throw thrown;
    return startServer(start, await choosePort(start.home.path));
  }
};

/** Waits while a server starts, recovers or stops. */
const settle = async (cluster: string): Promise<Postmaster> => {
  const settled = await poll(
    async () => {
      const postmaster = await inspectPostmaster(cluster);
      return postmaster.kind === 'changing' ? null : postmaster;
    },
    { everyMs: 10, deadlineMs: readyDeadlineMs },
  );
  if (settled !== null) return settled;
  throw embeddedError(
    'EMBEDDED_DATABASE_FAILED',
    `the database server in ${cluster} neither became ready nor ended within ${readyDeadlineMs / 1000} s: see server.log beside it`,
  );
};

const startServer = async ({ home, binaries, log }: Start, port: number): Promise<Server> => {
  const file = await openServerLog(home.path);
  const offset = await sizeOf(serverLogIn(home.path));
  try {
    const child = spawn(binaries.postgres, serverArguments(home.cluster, port), {
      detached: true,
      stdio: ['ignore', file.fd, file.fd],
      env: programEnvironment,
      cwd: '/',
      ...spawnIdentity(home.account),
    });
    child.unref();
    await once(child, 'spawn');
    const started = await awaitReady(home.cluster, child);
    if (started === 'ended') throw explainStart(await readServerLogFrom(home.path, offset), port, home);
    log.info({ serverPid: started.process.pid, port: started.port }, 'embedded PostgreSQL started');
    return started;
  } finally {
    await file.close();
  }
};

const awaitReady = async (cluster: string, child: ChildProcess): Promise<Server | 'ended'> => {
  const outcome = await poll(
    async () => {
      if (child.exitCode !== null || child.signalCode !== null) return 'ended';
      const postmaster = await inspectPostmaster(cluster);
      return postmaster.kind === 'ready' && postmaster.process.pid === child.pid ? postmaster : null;
    },
    { everyMs: 5, deadlineMs: readyDeadlineMs },
  );
  if (outcome !== null) return outcome;
  throw embeddedError(
    'EMBEDDED_DATABASE_FAILED',
    `the database server in ${cluster} did not become ready within ${readyDeadlineMs / 1000} s: see server.log beside it`,
  );
};

const serverArguments = (cluster: string, port: number): string[] => {
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    // Nobody connects through it: postgres.js takes no socket path in a URL. Relative to the cluster, since the path of
    // a deep directory would not fit into a socket's 107 bytes.
    unix_socket_directories: '../sockets',
    unix_socket_permissions: '0700',
    max_connections: '60',
    shared_buffers: '128MB',
    jit: 'off',
    fsync: 'on',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // Rows and statements carry personal data; who runs a statement logs its failure without its values.
    log_error_verbosity: 'terse',
    log_min_error_statement: 'panic',
    log_checkpoints: 'off',
  };
  return ['-D', cluster, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
};

const explainStart = (output: string, port: number, home: Home): Error => {
  if (output.includes('could not bind IPv4 address')) {
    return embeddedError(
      'EMBEDDED_DATABASE_PORT_TAKEN',
      `the embedded database cannot listen on 127.0.0.1:${port}, another program does: end that program or configure another port`,
      new Error(output),
    );
  }
  if (output.includes('pre-existing shared memory block')) {
    return embeddedError(
      'EMBEDDED_DATABASE_BUSY',
      `another server or one of its backends still uses ${home.cluster}: end it and start again`,
      new Error(output),
    );
  }
  return explainOutput('starting the database server', output, home.path);
};

/** Fast shutdown: sessions are ended, everything is written. False if no server ran. Call under the lock. */
export const stopServer = async (cluster: string): Promise<boolean> => {
  const postmaster = await inspectPostmaster(cluster);
  if (postmaster.kind !== 'ready' && postmaster.kind !== 'changing') return false;
  await signalProcess(postmaster.process, 'SIGINT');
  const gone = await poll(async () => ((await isRunning(postmaster.process)) ? null : true), {
    everyMs: 5,
    deadlineMs: stopDeadlineMs,
  });
  if (gone !== null) return true;
  throw embeddedError(
    'EMBEDDED_DATABASE_FAILED',
    `the database server in ${cluster} (pid ${postmaster.process.pid}) did not stop within ${stopDeadlineMs / 1000} s: see server.log beside it`,
  );
};
