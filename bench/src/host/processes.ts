import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cpus, platform } from 'node:os';

/** Microseconds of user and system time since the start of each process, by pid. */
export type CpuTimes = ReadonlyMap<number, number>;

/** The kernel's clock tick: USER_HZ is 100 on every Linux that Node runs on. */
const MICROS_PER_TICK = 10_000;

/** A process and all its descendants; empty when it is gone. */
export const readTree = (root: number): number[] => {
  const all = [root];
  for (let at = 0; at < all.length; at += 1) all.push(...readChildren(all[at] ?? root));
  return all.filter((pid) => readCpu(pid) !== null);
};

export const readCpuTimes = (root: number): CpuTimes => new Map(readTree(root).map((pid) => [pid, readCpu(pid) ?? 0]));

/** Microseconds that all processors together have been busy. */
export const readMachineCpu = (): number =>
  cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys, 0) * 1000;

/** What a tree used between two readings; processes that ended meanwhile are not counted. */
export const cpuBetween = (before: CpuTimes, after: CpuTimes): number => {
  let micros = 0;
  for (const [pid, used] of after) micros += used - (before.get(pid) ?? 0);
  return micros;
};

/**
 * Bytes of memory of a tree. `Rss` is what belongs to one program; `Pss` divides shared pages among those that share
 * them: every process of PostgreSQL would count the same buffers again. macOS only tells the resident size.
 */
export const readMemory = (root: number, kind: 'Rss' | 'Pss'): number =>
  readTree(root).reduce((sum, pid) => sum + readMemoryOf(pid, kind), 0);

/** The command line of a process; empty when it is gone. */
export const readCommand = (pid: number): string => {
  if (!isLinux)
    return ps(['-o', 'command=', '-p', `${pid}`])
      .flat()
      .join(' ');
  return unlessGone('', () => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
};

const isLinux = platform() === 'linux';

const readChildren = (pid: number): number[] => {
  if (!isLinux)
    return ps(['-A', '-o', 'pid=,ppid=']).flatMap(([child, parent]) => (Number(parent) === pid ? [Number(child)] : []));
  return unlessGone([], () =>
    readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    ),
  );
};

const readCpu = (pid: number): number | null => {
  if (!isLinux) return ps(['-o', 'time=', '-p', `${pid}`]).map(([time]) => clockMicros(time ?? '0'))[0] ?? null;
  return unlessGone(null, () => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command stands in brackets and may hold spaces; utime and stime are the 12th and 13th field after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : (Number(fields[11]) + Number(fields[12])) * MICROS_PER_TICK;
  });
};

const readMemoryOf = (pid: number, kind: 'Rss' | 'Pss'): number => {
  if (!isLinux) return Number(ps(['-o', 'rss=', '-p', `${pid}`])[0]?.[0] ?? 0) * 1024;
  return unlessGone(0, () => {
    const line = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
      .split('\n')
      .find((text) => text.startsWith(`${kind}:`));
    return Number(/\d+/.exec(line ?? '')?.[0] ?? 0) * 1024;
  });
};

const unlessGone = <T>(gone: T, read: () => T): T => {
  try {
    return read();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ESRCH') return gone;
    throw error;
  }
};

const ps = (args: readonly string[]): string[][] => {
  try {
    return execFileSync('ps', args, { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/));
  } catch (error) {
    // `ps` exits with 1 when no process matches.
    if (error instanceof Error && 'status' in error && error.status === 1) return [];
    throw error;
  }
};

/** `[hours:]minutes:seconds.hundredths` as ps prints it. */
const clockMicros = (time: string): number => time.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) * 1e6;
