import { chmod, chown, mkdir, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { embeddedError, systemCode } from './embedded-error.ts';
import { findFallback, noteFallback } from './fallback.ts';
import { type Account, chooseAccount, clusterIn, findObstacle, isRoot } from './identity.ts';

/** Where everything of one embedded database lives, and who runs its server. */
export type Home = {
  /** As configured, without symbolic links; differs from `path` only for root under parents that nobody else passes. */
  readonly dataDirectory: string;
  /** Absolute, without symbolic links: PostgreSQL's command line and working directory are compared with it. */
  readonly path: string;
  readonly cluster: string;
  readonly account: Account;
};

/**
 * Finds the home without touching anything. It is the data directory, but for root under parents that the server's
 * account cannot pass (a clone in a 0700 home): then it is /var/lib/ashlar/<hash of the data directory's path>.
 * Throws EMBEDDED_DATABASE_USER or EMBEDDED_DATABASE_DIRECTORY.
 */
export const findHome = async (dataDirectory: string, user: string | undefined): Promise<Home> => {
  const path = await realpathOfExisting(dataDirectory);
  if (!isRoot()) return toHome(path, await chooseAccount(clusterIn(path), user));
  const fallback = await findFallback(path);
  const isHere = await exists(clusterIn(path));
  if (!isHere && (await exists(clusterIn(fallback)))) {
    return toHome(path, await chooseAccount(clusterIn(fallback), user), fallback);
  }
  const account = await chooseAccount(clusterIn(path), user);
  const obstacle = await findObstacle(dirname(path), account);
  if (obstacle === null) return toHome(path, account);
  if (!isHere) return toHome(path, account, fallback);
  throw embeddedError(
    'EMBEDDED_DATABASE_DIRECTORY',
    `the data in ${path} belongs to ${account.name}, who cannot pass ${obstacle}: chmod o+x ${obstacle}, or move ${clusterIn(path)} and credentials.json to ${fallback}`,
  );
};

const toHome = (dataDirectory: string, account: Account, path = dataDirectory): Home => ({
  dataDirectory,
  path,
  cluster: clusterIn(path),
  account,
});

/**
 * Makes the directories. All are 0700, but for root the home itself: it stays root's, and the server's account may only
 * pass through it (0711), so that whoever shares that account (`nobody`) cannot lead root's writes elsewhere.
 */
export const prepareHome = async (home: Home): Promise<void> => {
  const { path, account } = home;
  await makeDirectory(path);
  if (path !== home.dataDirectory) await noteFallback(home);
  const { uid } = await stat(path);
  const isShared = isRoot() && uid === 0;
  if (isRoot() || uid === process.getuid?.()) await chmod(path, isShared ? 0o711 : 0o700);
  await mkdir(join(path, 'members'), { recursive: true, mode: 0o700 });
  await giveToOwnerOf(path, join(path, 'members'));
  await mkdir(socketsIn(path), { recursive: true, mode: 0o700 });
  if (isRoot()) await chown(socketsIn(path), account.uid, account.gid);
};

/** Where the server puts its socket: only for the check that no server of another container answers there. */
export const socketsIn = (home: string): string => join(home, 'sockets');

/** Root may visit the data of a normal user, who must still be able to work with them afterwards. */
export const giveToOwnerOf = async (directory: string, path: string): Promise<void> => {
  if (!isRoot()) return;
  const { uid, gid } = await stat(directory);
  await chown(path, uid, gid);
};

/** Parents that we make for root must let the server's account pass, whatever the umask says. */
const makeDirectory = async (path: string): Promise<void> => {
  const first = await mkdir(path, { recursive: true, mode: isRoot() ? 0o755 : 0o700 }).catch((thrown: unknown) => {
    if (systemCode(thrown) !== 'ENOENT') throw thrown;
    return mkdir(path).then(() => path); // on a read-only file system only this form says EROFS
  });
  if (first === undefined || !isRoot()) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await chmod(made, 0o755);
};

export const exists = async (path: string): Promise<boolean> => {
  try {
    await stat(path);
    return true;
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return false;
    throw thrown;
  }
};

/** The real path of what exists, with the rest of the names behind it. */
const realpathOfExisting = async (path: string): Promise<string> => {
  try {
    return await realpath(path);
  } catch (thrown) {
    if (systemCode(thrown) !== 'ENOENT' || dirname(path) === path) throw thrown;
    return join(await realpathOfExisting(dirname(path)), path.slice(dirname(path).length));
  }
};
