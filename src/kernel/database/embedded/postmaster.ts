import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { systemCode } from './embedded-error.ts';
import { type Process, readProcess, readWorkingDirectory } from './processes.ts';

/** What postmaster.pid and the process that it names say together. */
export type Postmaster =
  /** No file. */
  | { readonly kind: 'absent' }
  /** The file names nobody who lives: PostgreSQL itself judges what is left of that server. */
  | { readonly kind: 'dead' }
  /** The file would stop a start though no server runs: a zombie, a recycled pid, no pid at all. */
  | { readonly kind: 'misleading' }
  /** Ours, and starting, recovering or stopping. */
  | { readonly kind: 'changing'; readonly process: Process }
  | { readonly kind: 'ready'; readonly process: Process; readonly port: number };

export const inspectPostmaster = async (cluster: string): Promise<Postmaster> => {
  const text = await readPidFile(cluster);
  if (text === null) return { kind: 'absent' };
  // miscadmin.h, LOCK_FILE_LINE_*: 1 pid, 2 directory, 3 start, 4 port, 5 socket, 6 address, 7 memory, 8 status.
  const lines = text.split('\n').map((line) => line.trim());
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return { kind: 'misleading' };
  const process = await readProcess(pid);
  if (process === null) return { kind: 'dead' };
  if (process.isZombie || !(await isPostmasterOf(process, cluster))) return { kind: 'misleading' };
  return lines[7] === 'ready' ? { kind: 'ready', process, port: Number(lines[3]) } : { kind: 'changing', process };
};

/** Removes a misleading file; a file that turned into something else meanwhile stays. Call under the lock. */
export const removeMisleadingFile = async (cluster: string): Promise<void> => {
  if ((await inspectPostmaster(cluster)).kind === 'misleading')
    await rm(join(cluster, 'postmaster.pid'), { force: true });
};

/** The command line tells; the working directory too, since the whole project may have been moved under a live server. */
const isPostmasterOf = async (process: Process, cluster: string): Promise<boolean> => {
  const [program = '', ...rest] = process.command.split(' -D ');
  if (!/(^|\/)postgres$/.test(program)) return false;
  if (`${rest.join(' -D ')} `.startsWith(`${cluster} `)) return true;
  return (await readWorkingDirectory(process.pid)) === cluster;
};

const readPidFile = async (cluster: string): Promise<string | null> => {
  try {
    return await readFile(join(cluster, 'postmaster.pid'), 'utf8');
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return null;
    throw thrown;
  }
};
