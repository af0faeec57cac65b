import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { embeddedError, systemCode } from './embedded-error.ts';

/** The account that PostgreSQL runs as: its group memberships are dropped, only uid and gid remain. */
export type Account = { readonly name: string; readonly uid: number; readonly gid: number };

/**
 * Who will run the server. Without root: ourselves. As root, since PostgreSQL refuses to run as root: the owner of the
 * data if there is some, else the configured account, else `postgres`, else `nobody`. No account is ever created.
 */
export const chooseAccount = async (cluster: string, configured: string | undefined): Promise<Account> => {
  if (!isRoot()) return readOwnAccount(configured);
  const owner = await ownerOf(cluster);
  if (owner !== null) return checkOwner(cluster, owner, configured);
  if (configured !== undefined) {
    const account = await findAccount(configured);
    if (account !== null && account.uid !== 0) return account;
    const reason = account === null ? 'does not exist' : 'is root, which PostgreSQL refuses';
    throw embeddedError(
      'EMBEDDED_DATABASE_USER',
      `the configured database user ${configured} ${reason}: configure another`,
    );
  }
  const account = (await findAccount('postgres')) ?? (await findAccount('nobody'));
  if (account !== null) return account;
  throw embeddedError(
    'EMBEDDED_DATABASE_USER',
    'PostgreSQL does not run as root, and neither `postgres` nor `nobody` exists here: create an account and configure it as the database user, or run Ashlar as a normal user',
  );
};

export const isRoot = (): boolean => process.getuid?.() === 0;

/** What a child process gets so that it runs as the account: nothing where it is our own. */
export const spawnIdentity = ({ uid, gid }: Account): { uid?: number; gid?: number } => (isRoot() ? { uid, gid } : {});

const readOwnAccount = (configured: string | undefined): Account => {
  const own = ownUserInfo();
  if (configured === undefined || configured === own.username)
    return { name: own.username, uid: own.uid, gid: own.gid };
  throw embeddedError(
    'EMBEDDED_DATABASE_USER',
    `the database user is configured as ${configured}, but Ashlar runs as ${own.username} and only root may change users: remove the setting or run as ${configured}`,
  );
};

const ownUserInfo = () => {
  try {
    return userInfo();
  } catch (thrown) {
    throw embeddedError(
      'EMBEDDED_DATABASE_USER',
      `uid ${process.getuid?.()} has no entry in /etc/passwd, and PostgreSQL refuses to set up a database for it: add one, run Ashlar as another user, or use database.mode external`,
      thrown,
    );
  }
};

const ownerOf = async (path: string): Promise<{ uid: number; gid: number } | null> => {
  try {
    const { uid, gid } = await stat(path);
    return { uid, gid };
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return null;
    throw thrown;
  }
};

const checkOwner = async (
  cluster: string,
  owner: { uid: number; gid: number },
  configured: string | undefined,
): Promise<Account> => {
  if (owner.uid === 0) {
    const message = `the data in ${cluster} belongs to root, and PostgreSQL does not run as root: chown -R it to the account that shall run it`;
    throw embeddedError('EMBEDDED_DATABASE_USER', message);
  }
  const wanted = configured === undefined ? null : await findAccount(configured);
  if (configured === undefined || wanted?.uid === owner.uid)
    return { name: configured ?? `uid ${owner.uid}`, ...owner };
  throw embeddedError(
    'EMBEDDED_DATABASE_USER',
    `the data in ${cluster} belongs to uid ${owner.uid}, not to the configured database user ${configured}: chown -R it while the server is stopped, or correct the setting`,
  );
};

/** `id` asks whatever the machine has (files, LDAP, Directory Services), as initdb does. */
const findAccount = async (name: string): Promise<Account | null> => {
  try {
    const [uid, gid] = await Promise.all([askId('-u', name), askId('-g', name)]);
    return { name, uid, gid };
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 1) return null;
    throw thrown;
  }
};

const askId = async (flag: '-u' | '-g', name: string): Promise<number> =>
  Number((await promisify(execFile)('id', [flag, '--', name], { env: { PATH: '/usr/bin:/bin' } })).stdout);

/** The first directory on the way to `path` (or `path` itself) that the account cannot pass, or null. What does not exist yet passes. */
export const findObstacle = async (path: string, account: Account): Promise<string | null> => {
  const parent = dirname(path);
  const above = parent === path ? null : await findObstacle(parent, account);
  if (above !== null) return above;
  return (await hasRights(path, account, 0o1)) ? null : path;
};

/** Whether the account may do with the file what the bits (4 read, 2 write, 1 pass or execute) say; true if there is none. */
export const hasRights = async (path: string, account: Account, bits: number): Promise<boolean> => {
  try {
    const { mode, uid, gid } = await stat(path);
    const shift = uid === account.uid ? 6 : gid === account.gid ? 3 : 0;
    return ((mode >> shift) & bits) === bits;
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return true;
    throw thrown;
  }
};

/** The cluster's place within a home. */
export const clusterIn = (home: string): string => join(home, 'cluster');
