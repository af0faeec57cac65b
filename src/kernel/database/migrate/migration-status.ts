import { compareMigrations, type MigrationStatus } from './compare.ts';
import { readLedger } from './ledger.ts';
import { openMigrationSession } from './lock.ts';
import { readMigrations } from './migration.ts';
import type { MigrateOptions } from './migrate-up.ts';

/** Every migration that this release or this database knows, oldest first; changes nothing. */
export const migrationStatus = async ({
  ownerUrl,
  directory,
}: Pick<MigrateOptions, 'ownerUrl' | 'directory'>): Promise<readonly MigrationStatus[]> => {
  const files = await readMigrations(directory);
  const session = await openMigrationSession(ownerUrl);
  try {
    const { applied } = await readLedger(session.sql, undefined);
    return compareMigrations(files, applied ?? []);
  } finally {
    await session.close();
  }
};
