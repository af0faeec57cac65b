import type { Logger } from '../../observability/logger.ts';
import { embeddedError, systemCode } from './embedded-error.ts';
import { poll } from './poll.ts';
import { findPostgresIn, isRunning, type Process } from './processes.ts';

const graceMs = 500;
const deathMs = 5000;

/**
 * Ends the backends that outlived their postmaster: a busy one holds the shared memory, and PostgreSQL refuses to start
 * beside it. Call under the lock, and only when no postmaster of this directory lives.
 */
export const endOrphans = async (cluster: string, log: Logger): Promise<void> => {
  const orphans = await findPostgresIn(cluster);
  if (orphans.length === 0) return;
  log.warn({ backendPids: orphans.map(({ pid }) => pid) }, 'ending backends that outlived the database server');
  await signalAll(orphans, 'SIGTERM');
  if (await areGone(orphans, graceMs)) return;
  await signalAll(orphans, 'SIGKILL');
  if (await areGone(orphans, deathMs)) return;
  const pids = orphans.map(({ pid }) => pid).join(', ');
  throw embeddedError(
    'EMBEDDED_DATABASE_FAILED',
    `backends of a dead server still hold ${cluster} and do not end (pids ${pids}): end them and start again`,
  );
};

const signalAll = async (processes: readonly Process[], signal: NodeJS.Signals): Promise<void> => {
  for (const process of processes) await signalProcess(process, signal);
};

/** Looks first: a pid may have been given to somebody else since it was found. False if the process had ended. */
export const signalProcess = async (target: Process, signal: NodeJS.Signals): Promise<boolean> => {
  if (!(await isRunning(target))) return false;
  try {
    return process.kill(target.pid, signal);
  } catch (thrown) {
    if (systemCode(thrown) === 'ESRCH') return false;
    throw thrown;
  }
};

const areGone = async (processes: readonly Process[], deadlineMs: number): Promise<boolean> => {
  const gone = await poll(
    async () => {
      const running = await Promise.all(processes.map(isRunning));
      return running.includes(true) ? null : true;
    },
    { everyMs: 10, deadlineMs },
  );
  return gone !== null;
};
