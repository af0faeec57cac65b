import { setTimeout as delay } from 'node:timers/promises';

import type { Logger } from '../../observability/logger.ts';
import { openSession, type Session } from '../open-session.ts';

/** Any constant that nothing else in the database locks: the bytes of `ashlarmi`, as a bigint. */
const lockKey = Buffer.from('ashlarmi').readBigInt64BE().toString();
const pollMs = 250;
const reportMs = 5000;

/** A migration may take any time, but waits for a lock no longer than 5 s: everybody else would wait behind it. */
const settings = { lock_timeout: 5000, statement_timeout: 0, client_connection_check_interval: 1000 };

export const openMigrationSession = (ownerUrl: string): Promise<Session> =>
  openSession({ url: ownerUrl, name: 'migrate', settings });

/**
 * Runs fn while no other process migrates this database; answers how long it waited. The lock is polled outside any
 * transaction: a waiting `pg_advisory_lock` would fail at lock_timeout (55P03), and its snapshot would deadlock with
 * CREATE INDEX CONCURRENTLY (40P01). The lock belongs to the session, so that it goes when the process dies.
 */
export const withMigrationLock = async <T>(
  session: Session,
  log: Logger,
  fn: () => Promise<T>,
): Promise<{ readonly value: T; readonly waitedMs: number }> => {
  const startedAt = performance.now();
  let reportAt = startedAt + reportMs;
  while (!(await tryLock(session))) {
    if (performance.now() > reportAt) {
      log.info(
        { waitedMs: Math.round(performance.now() - startedAt) },
        'another process migrates the database: waiting',
      );
      reportAt += reportMs;
    }
    await delay(pollMs);
  }
  const waitedMs = Math.round(performance.now() - startedAt);
  try {
    return { value: await fn(), waitedMs };
  } finally {
    await session.sql.unsafe(`select pg_advisory_unlock(${lockKey})`);
  }
};

const tryLock = async ({ sql }: Session): Promise<boolean> => {
  const [row] = await sql.unsafe<{ locked: boolean }[]>(`select pg_try_advisory_lock(${lockKey}) as locked`);
  return row?.locked === true;
};
