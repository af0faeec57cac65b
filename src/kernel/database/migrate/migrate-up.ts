import type { Sql } from 'postgres';

import type { Logger } from '../../observability/logger.ts';
import { parseEndpoint } from '../endpoint.ts';
import type { Session } from '../open-session.ts';
import { applyUp } from './apply.ts';
import { assertCompatible, compareMigrations } from './compare.ts';
import { grantToAppRole } from './grants.ts';
import { createLedger, listApplied, readLedger } from './ledger.ts';
import { openMigrationSession, withMigrationLock } from './lock.ts';
import { type Migration, readMigrations } from './migration.ts';

export type MigrateOptions = {
  /** The role that owns the tables: `database.ownerUrl`, or `database.url` where there is one role only. */
  readonly ownerUrl: string;
  /** The role of `database.url`, which gets rights on what is migrated; absent or the owner itself: nothing to grant. */
  readonly appRole?: string;
  readonly directory: string;
  readonly log: Logger;
};

export type MigrateUpResult = {
  /** In the order of their application; `isLate`: a younger one had been applied before. */
  readonly applied: readonly { readonly name: string; readonly isLate: boolean; readonly durationMs: number }[];
  /** How long another process held the lock. */
  readonly waitedMs: number;
};

/**
 * Applies what is pending. Any number of processes may call it at once: each migration runs once. Throws
 * MIGRATION_INVALID, MIGRATION_CHANGED, MIGRATION_UNKNOWN_BREAKING, MIGRATION_FAILED, DATABASE_UNAVAILABLE.
 */
export const migrateUp = async (options: MigrateOptions): Promise<MigrateUpResult> => {
  const files = await readMigrations(options.directory);
  const appRole = options.appRole === parseEndpoint(options.ownerUrl).user ? undefined : options.appRole;
  const session = await openMigrationSession(options.ownerUrl);
  try {
    if (await isUpToDate(session.sql, files, appRole)) return { applied: [], waitedMs: 0 };
    const { value, waitedMs } = await withMigrationLock(session, options.log, () =>
      applyPending(session, files, { appRole, log: options.log }),
    );
    return { applied: value, waitedMs };
  } finally {
    await session.close();
  }
};

/** Without the lock: what is applied stays applied, so a start with nothing to do waits for nobody. */
const isUpToDate = async (sql: Sql, files: readonly Migration[], appRole: string | undefined): Promise<boolean> => {
  const { applied, isGranted } = await readLedger(sql, appRole);
  if (applied === null) return false;
  const statuses = compareMigrations(files, applied);
  assertCompatible(statuses);
  return isGranted && statuses.every(({ state }) => state !== 'pending');
};

type Work = { readonly appRole: string | undefined; readonly log: Logger };

const applyPending = async (
  { sql }: Session,
  files: readonly Migration[],
  { appRole, log }: Work,
): Promise<MigrateUpResult['applied']> => {
  await createLedger(sql);
  if (appRole !== undefined) await grantToAppRole(sql, appRole);
  const statuses = compareMigrations(files, await listApplied(sql));
  assertCompatible(statuses);
  const late = new Set(statuses.filter(({ isLate }) => isLate).map(({ name }) => name));
  const pending = new Set(statuses.filter(({ state }) => state === 'pending').map(({ name }) => name));
  const applied: { name: string; isLate: boolean; durationMs: number }[] = [];
  for (const file of files.filter(({ name }) => pending.has(name))) {
    const startedAt = performance.now();
    await applyUp(sql, file);
    const entry = {
      name: file.name,
      isLate: late.has(file.name),
      durationMs: Math.round(performance.now() - startedAt),
    };
    applied.push(entry);
    if (entry.isLate) log.warn(entry, 'migration applied late: a younger one was there before');
    else log.info(entry, 'migration applied');
  }
  return applied;
};
