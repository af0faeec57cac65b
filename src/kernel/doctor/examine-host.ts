import { statfsSync, type StatsFs } from 'node:fs';
import { access, chmod, constants, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { type Finding, type Repairable, reportOn } from './finding.ts';

/** `floor` as in `24.12`. */
export const examineNode = (version: string, floor: string): Finding => {
  const { ok, error } = reportOn('node');
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const [floorMajor = 0, floorMinor = 0] = floor.split('.').map(Number);
  const isNew = major > floorMajor || (major === floorMajor && minor >= floorMinor);
  return isNew
    ? ok(`Node ${version}`)
    : error(`Node ${version} is older than ${floor}`, 'run npm ci --ignore-scripts: it brings the right Node');
};

/** That the directory can be used, by nobody else, and what in it is ours alone is readable by us alone. */
export const examineDataDirectory = async (path: string): Promise<readonly Repairable[]> => {
  const { ok, error } = reportOn('data-directory');
  const found = await statOrNull(path);
  if (found === null) return [ok(`${path} is not there yet: the first start makes it`)];
  if (!found.isDirectory()) return [error(`${path} is no directory`, 'set dataDirectory to a directory')];
  if (!(await isWritable(path))) {
    return [
      error(`${path} cannot be written by this user`, `give it to the account that runs Ashlar: chown -R … ${path}`),
    ];
  }
  const open = (found.mode & 0o002) !== 0;
  const directory = open
    ? {
        ...error(`every user may write to ${path}`, `chmod o-w ${path}`),
        repair: () => chmod(path, found.mode & 0o775),
      }
    : ok(`${path} can be written, and not by everybody`);
  return [directory, ...(await examineKeyFiles(join(path, 'keys')))];
};

const examineKeyFiles = async (directory: string): Promise<readonly Repairable[]> => {
  const { error } = reportOn('secret-files');
  const names = (await statOrNull(directory)) === null ? [] : await readdir(directory);
  const paths = [directory, ...names.map((name) => join(directory, name))];
  const findings = await Promise.all(
    paths.map(async (path): Promise<Repairable | null> => {
      const found = await statOrNull(path);
      if (found === null || (found.mode & 0o077) === 0) return null;
      const mode = found.isDirectory() ? 0o700 : 0o600;
      return {
        ...error(
          `other users may read ${path}`,
          `chmod ${mode.toString(8)} ${path}, and rotate the key if they may have`,
        ),
        repair: () => chmod(path, mode),
      };
    }),
  );
  return findings.filter((finding) => finding !== null);
};

const gigabyte = 2 ** 30;

/** A large disk that is nearly full may still have room for long: an error only if less than 10 GB are left of it. */
export const examineSpace = (path: string, read: (path: string) => StatsFs = statfsSync): Finding => {
  const { ok, warning, error } = reportOn('disk-space');
  const { bsize, blocks, bavail } = read(path);
  const freeBytes = bavail * bsize;
  const usedPercent = Math.round((1 - bavail / Math.max(blocks, 1)) * 100);
  const state = `${(freeBytes / gigabyte).toFixed(1)} GB are free where ${path} is (${usedPercent} % used)`;
  const fix = 'free some space, or move the data directory: PostgreSQL stops when the disk is full';
  if (usedPercent >= 95 && freeBytes < 10 * gigabyte) return error(state, fix);
  if (freeBytes < gigabyte) return error(state, fix);
  return usedPercent >= 80 ? warning(state, fix) : ok(state);
};

const statOrNull = async (path: string) => {
  try {
    return await stat(path);
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && (thrown.code === 'ENOENT' || thrown.code === 'ENOTDIR'))
      return null;
    throw thrown;
  }
};

const isWritable = async (path: string): Promise<boolean> => {
  try {
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return true;
  } catch {
    // Whatever the system's reason is: this user cannot.
    return false;
  }
};
