import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Logger } from '../../observability/logger.ts';
import {
  type Claim,
  createClaim,
  judgeClaim,
  keepFresh,
  placeClaim,
  refuseIfTouched,
  removeDeadClaim,
  withdrawClaim,
} from './claim.ts';
import { embeddedError } from './embedded-error.ts';

/** Longer than a holder waits for a crash recovery. */
const deadlineMs = 180_000;

/**
 * Runs fn while no other process starts, adopts or stops the server of this directory. A holder that was killed is
 * found out by its pid and start time; one from another machine or container throws EMBEDDED_DATABASE_BUSY.
 */
export const withLock = async <T>(home: string, log: Logger, fn: () => Promise<T>): Promise<T> => {
  const path = join(home, 'lock');
  const claim = await createClaim();
  await acquire(path, claim, home);
  const relax = keepFresh(path, claim, (error) => log.warn({ err: error, path }, 'cannot touch the lock file'));
  try {
    return await fn();
  } finally {
    relax();
    await withdrawClaim(path, claim);
  }
};

const acquire = async (path: string, claim: Claim, home: string): Promise<void> => {
  const deadline = performance.now() + deadlineMs;
  while (!(await placeClaim(path, claim))) {
    await giveWay(path, claim, home);
    if (performance.now() < deadline) continue;
    throw embeddedError(
      'EMBEDDED_DATABASE_BUSY',
      `waited ${deadlineMs / 1000} s for the lock ${path}: its file names the process that holds it; end that process`,
    );
  }
};

const giveWay = async (path: string, claim: Claim, home: string): Promise<void> => {
  const holder = await judgeClaim(path, claim);
  if (holder.kind === 'dead') await removeDeadClaim(path, holder.claim);
  if (holder.kind === 'elsewhere') await refuseIfTouched(path, holder.claim, home);
  if (holder.kind === 'live') await sleep(20);
};
