import { randomUUID } from 'node:crypto';
import { chown, mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Logger } from '../../observability/logger.ts';
import type { Binaries } from './binaries.ts';
import {
  type Credentials,
  databaseName,
  generateCredentials,
  roles,
  syncDirectoryOf,
  writeCredentials,
} from './credentials.ts';
import { embeddedError, explainOutput, systemCode } from './embedded-error.ts';
import type { Home } from './home.ts';
import { isRoot } from './identity.ts';
import { endOrphans } from './orphans.ts';
import { runProgram } from './programs.ts';

const draftPrefix = 'initialising-';

/**
 * Makes the cluster with its roles and its database if there is none; true if this call made it. All happens in a
 * directory beside, which takes its place in one rename: whatever is killed on the way leaves nothing half. Call under
 * the lock. Throws EMBEDDED_DATABASE_INCOMPATIBLE for data that these binaries cannot read.
 */
export const initialiseIfAbsent = async (home: Home, binaries: Binaries, log: Logger): Promise<boolean> => {
  if (await isInitialised(home, binaries)) return false;
  await removeLeftovers(home, log);
  const draft = join(home.path, `${draftPrefix}${randomUUID()}`);
  await mkdir(draft, { mode: 0o700 });
  if (isRoot()) await chown(draft, home.account.uid, home.account.gid);
  try {
    const cluster = join(draft, 'cluster');
    const credentials = generateCredentials();
    await runInitdb(binaries, { draft, cluster, credentials, home });
    await provision(binaries, { cluster, credentials, home });
    await sync(binaries, cluster, home);
    await writeCredentials(home.path, credentials);
    await rename(cluster, home.cluster);
    await syncDirectoryOf(home.cluster);
    return true;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
};

const isInitialised = async ({ cluster }: Home, { majorVersion }: Binaries): Promise<boolean> => {
  const found = await readMajorVersion(cluster);
  if (found === majorVersion) return true;
  if (found !== null) {
    throw embeddedError(
      'EMBEDDED_DATABASE_INCOMPATIBLE',
      `the data in ${cluster} was written by PostgreSQL ${found} and this release brings PostgreSQL ${majorVersion}, which cannot read it: start the Ashlar release that wrote it, or move the directory away to begin with an empty database`,
    );
  }
  await removeIfEmpty(cluster);
  return false;
};

const readMajorVersion = async (cluster: string): Promise<string | null> => {
  try {
    return (await readFile(join(cluster, 'PG_VERSION'), 'utf8')).trim();
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return null;
    throw thrown;
  }
};

const removeIfEmpty = async (cluster: string): Promise<void> => {
  try {
    await rmdir(cluster);
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return;
    throw embeddedError(
      'EMBEDDED_DATABASE_INCOMPATIBLE',
      `the directory ${cluster} holds no data of PostgreSQL, and is not empty: move it away, or point the data directory elsewhere`,
      thrown,
    );
  }
};

/** A killed start may have left a draft, and a helper of initdb that still writes to it. */
const removeLeftovers = async (home: Home, log: Logger): Promise<void> => {
  for (const name of await readdir(home.path)) {
    if (!name.startsWith(draftPrefix)) continue;
    const leftover = join(home.path, name);
    await endOrphans(join(leftover, 'cluster'), log);
    await rm(leftover, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
};

type Draft = { readonly cluster: string; readonly credentials: Credentials; readonly home: Home };

// --no-sync: the whole cluster is synced once, when the roles and the database are in it too.
const runInitdb = async (binaries: Binaries, { draft, cluster, credentials, home }: Draft & { draft: string }) => {
  const passwordFile = join(draft, 'password');
  await writeFile(passwordFile, credentials.admin, { mode: 0o600 });
  if (isRoot()) await chown(passwordFile, home.account.uid, home.account.gid);
  await runOrExplain('setting up the database', home, [
    binaries.initdb,
    `--pgdata=${cluster}`,
    `--username=${roles.admin}`,
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--data-checksums',
    '--auth=scram-sha-256',
    `--pwfile=${passwordFile}`,
    '--no-instructions',
    '--no-sync',
  ]);
};

const sync = (binaries: Binaries, cluster: string, home: Home): Promise<string> =>
  runOrExplain('writing the new database to disk', home, [binaries.initdb, '--sync-only', `--pgdata=${cluster}`]);

const runOrExplain = async (attempt: string, home: Home, command: readonly [string, ...string[]]): Promise<string> => {
  const { isOk, stdout, stderr } = await runProgram(command, home.account);
  if (!isOk) throw explainOutput(attempt, stderr, home.path);
  return stdout;
};

/** In single-user mode no other process can see the cluster before it is complete. */
const provision = async (binaries: Binaries, { cluster, credentials, home }: Draft): Promise<void> => {
  const run = async (database: string, statements: readonly string[]): Promise<string> => {
    // One statement per line is what the mode reads; the passwords go through standard input, and into no log.
    const options = ['-c', 'fsync=off', '-c', 'log_min_error_statement=panic'];
    const command = [binaries.postgres, '--single', '-D', cluster, ...options, database] as const;
    const { isOk, stdout, stderr } = await runProgram(command, home.account, `${statements.join(';\n')};\n`);
    // A failed statement does not end the mode with an error code.
    const isClean = isOk && !/\b(ERROR|FATAL|PANIC): /.test(stderr);
    if (!isClean) throw explainOutput('setting up the roles of the database', stderr, home.path);
    return stdout;
  };
  await run('postgres', roleStatements(credentials));
  const answer = await run(databaseName, [...privilegeStatements, encodingQuery]);
  if (answer.includes('"UTF8/b/C.UTF-8"')) return;
  const message = `the new database in ${home.path} did not get UTF8 with the builtin locale C.UTF-8: please report this`;
  throw embeddedError('EMBEDDED_DATABASE_FAILED', message, new Error(answer));
};

const encodingQuery = `SELECT format('%s/%s/%s', pg_encoding_to_char(encoding), datlocprovider, datlocale) FROM pg_database WHERE datname = '${databaseName}'`;

const roleStatements = ({ owner, app }: Credentials): readonly string[] => [
  `CREATE ROLE ${roles.owner} LOGIN PASSWORD '${owner}'`,
  `CREATE ROLE ${roles.app} LOGIN PASSWORD '${app}'`,
  `CREATE DATABASE ${databaseName} OWNER ${roles.owner}`,
  `REVOKE ALL ON DATABASE ${databaseName} FROM PUBLIC`,
  `GRANT CONNECT ON DATABASE ${databaseName} TO ${roles.app}`,
];

/** They live in the database, so that a copy made with it as the template has them too. */
const privilegeStatements: readonly string[] = [
  'USAGE ON SCHEMAS',
  'SELECT, INSERT, UPDATE, DELETE ON TABLES',
  'USAGE ON SEQUENCES',
  'EXECUTE ON FUNCTIONS',
].map((right) => `ALTER DEFAULT PRIVILEGES FOR ROLE ${roles.owner} GRANT ${right} TO ${roles.app}`);
