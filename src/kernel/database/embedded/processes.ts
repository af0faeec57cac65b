import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';

import { systemCode } from './embedded-error.ts';

/** A process as the operating system knows it. The pid alone is no identity: it is given away again. */
export type Process = {
  readonly pid: number;
  /** Opaque; two processes of one boot with the same pid differ in it. */
  readonly startTime: string;
  readonly isZombie: boolean;
  /** The command line, arguments separated by one space; empty for a zombie. */
  readonly command: string;
};

const run = promisify(execFile);
const hasProc = process.platform === 'linux';

/** The process that has this pid now, or null. Zombies are processes too. */
export const readProcess = (pid: number): Promise<Process | null> => (hasProc ? readFromProc(pid) : readFromPs(pid));

/** True while this very process (not another that got its pid) runs. */
export const isRunning = async ({ pid, startTime }: Pick<Process, 'pid' | 'startTime'>): Promise<boolean> => {
  const now = hasProc ? readStat(pid) : await readFromPs(pid);
  return now !== null && now.startTime === startTime && !now.isZombie;
};

/** Working directory, or null if the process ended or does not belong to us. */
export const readWorkingDirectory = async (pid: number): Promise<string | null> => {
  if (hasProc) return readlink(`/proc/${pid}/cwd`).catch(absent);
  const output = await runOrNull('lsof', ['-a', '-p', String(pid), '-d', 'cwd', '-Fn']);
  return output?.match(/^n(.*)$/m)?.[1] ?? null;
};

/** Processes of PostgreSQL whose working directory is this one: postmaster, backends, orphans. */
export const findPostgresIn = async (directory: string): Promise<readonly Process[]> => {
  const found = await Promise.all((await listPostgresPids()).map((pid) => readPostgresIn(pid, directory)));
  return found.filter((process) => process !== null);
};

const readPostgresIn = async (pid: number, directory: string): Promise<Process | null> => {
  // The process is read before its directory: a pid that changed hands in between shows another start time later.
  const candidate = await readProcess(pid);
  if (candidate === null || candidate.isZombie) return null;
  return (await readWorkingDirectory(pid)) === directory ? candidate : null;
};

const listPostgresPids = async (): Promise<readonly number[]> => {
  if (!hasProc) {
    const output = await runOrNull('pgrep', ['-x', 'postgres']);
    return (output ?? '').split('\n').filter(Boolean).map(Number);
  }
  const pids = (await readdir('/proc')).map(Number).filter(Number.isInteger);
  const names = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/comm`, 'utf8').catch(absent)));
  return pids.filter((_, index) => names[index]?.trim() === 'postgres');
};

const readFromProc = async (pid: number): Promise<Process | null> => {
  const stat = readStat(pid);
  if (stat === null) return null;
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(absent);
  return { ...stat, command: (commandLine ?? '').split('\0').join(' ').trim() };
};

/**
 * proc(5): state is field 3, starttime field 22; the name before them may itself hold spaces and parentheses. Read
 * synchronously: it comes from memory, and a watchdog that looks all the time would pay four trips to a thread for it.
 */
const readStat = (pid: number): Omit<Process, 'command'> | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { pid, startTime: fields[19] ?? '', isZombie: fields[0] === 'Z' || fields[0] === 'X' };
  } catch (thrown) {
    return absent(thrown);
  }
};

const readFromPs = async (pid: number): Promise<Process | null> => {
  const output = await runOrNull('ps', ['-ww', '-o', 'lstart=,stat=,command=', '-p', String(pid)]);
  const [, startTime, state, command] = output?.match(/^\s*(.{24})\s+(\S+)\s+(.*)$/m) ?? [];
  if (startTime === undefined || state === undefined) return null;
  return { pid, startTime, isZombie: state.startsWith('Z'), command: command?.trim() ?? '' };
};

/** `ps`, `pgrep` and `lsof` end with 1 when they find nothing. */
const runOrNull = async (program: string, args: readonly string[]): Promise<string | null> => {
  try {
    return (await run(program, args, { env: { LC_ALL: 'C', PATH: '/usr/bin:/bin:/usr/sbin:/sbin' } })).stdout;
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 1) return null;
    throw thrown;
  }
};

/** A process may end between two looks (ENOENT, ESRCH); what belongs to others cannot be read (EACCES, EPERM). */
const absent = (thrown: unknown): null => {
  if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(systemCode(thrown) ?? '')) return null;
  throw thrown;
};
