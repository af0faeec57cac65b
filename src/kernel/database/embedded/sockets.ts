import { open, readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';

import { embeddedError, systemCode } from './embedded-error.ts';
import { type Home, socketsIn } from './home.ts';

const prefix = '.s.PGSQL.';

/**
 * Throws EMBEDDED_DATABASE_BUSY if a server answers in this home's socket directory. From another container its pid says
 * nothing and its port cannot be reached, but a socket in a shared directory can: and two servers on one cluster destroy
 * it. Call when no server of this home was found.
 */
export const refuseIfAnswered = async (home: Home): Promise<void> => {
  const directory = await open(socketsIn(home.path), 'r');
  try {
    // Through the open directory, since the whole path may not fit into a socket's 107 bytes.
    const base = process.platform === 'linux' ? `/proc/self/fd/${directory.fd}` : socketsIn(home.path);
    for (const name of await listNames(home)) {
      if (name.endsWith('.lock') || !(await isAnswered(join(base, name)))) continue;
      throw embeddedError(
        'EMBEDDED_DATABASE_BUSY',
        `a database server of another container already runs on ${home.path}: stop it there, or give this one a data directory of its own`,
      );
    }
  } finally {
    await directory.close();
  }
};

/** Their lock files name pids, and a recycled pid would keep the server from starting. Call when nobody answered. */
export const clearSockets = async (home: Home): Promise<void> => {
  for (const name of await listNames(home)) await rm(join(socketsIn(home.path), name), { force: true });
};

const listNames = async (home: Home): Promise<readonly string[]> =>
  (await readdir(socketsIn(home.path))).filter((name) => name.startsWith(prefix));

const isAnswered = (path: string): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => {
      if (['ECONNREFUSED', 'ENOENT'].includes(systemCode(error) ?? '')) resolve(false);
      else reject(error);
    });
  });
