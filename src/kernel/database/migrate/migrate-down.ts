import { AppError } from '../../error.ts';
import type { Session } from '../open-session.ts';
import { applyDown } from './apply.ts';
import { assertCompatible, compareMigrations } from './compare.ts';
import { createLedger, listApplied } from './ledger.ts';
import { openMigrationSession, withMigrationLock } from './lock.ts';
import { invalid, type Migration, readMigrations } from './migration.ts';
import type { MigrateOptions } from './migrate-up.ts';

export type MigrateDownOptions = Omit<MigrateOptions, 'appRole'> & {
  /** How many, the youngest first. */
  readonly steps: number;
  readonly isProduction: boolean;
  /** In production data may be lost only if somebody says so. */
  readonly isForced: boolean;
};

/** Undoes the youngest migrations; answers their names. MIGRATION_DOWN_REFUSED in production, MIGRATION_IRREVERSIBLE without a Down. */
export const migrateDown = async (options: MigrateDownOptions): Promise<{ readonly undone: readonly string[] }> => {
  if (options.isProduction && !options.isForced) {
    throw new AppError('MIGRATION_DOWN_REFUSED', {
      kind: 'forbidden',
      details: {
        message: 'taking migrations down deletes data, and this is production: make a backup, then repeat with --force',
      },
    });
  }
  const files = await readMigrations(options.directory);
  const session = await openMigrationSession(options.ownerUrl);
  try {
    const { value } = await withMigrationLock(session, options.log, () => undo(session, files, options));
    return { undone: value };
  } finally {
    await session.close();
  }
};

const undo = async (
  { sql }: Session,
  files: readonly Migration[],
  { steps, log }: MigrateDownOptions,
): Promise<readonly string[]> => {
  await createLedger(sql);
  const applied = await listApplied(sql);
  assertCompatible(compareMigrations(files, applied));
  const chosen = applied
    .toReversed()
    .slice(0, steps)
    .map(({ name }) => findReversible(files, name));
  for (const file of chosen) {
    await applyDown(sql, file);
    log.info({ name: file.name }, 'migration undone');
  }
  return chosen.map(({ name }) => name);
};

const findReversible = (files: readonly Migration[], name: string): Migration => {
  const file = files.find((candidate) => candidate.name === name);
  if (!file)
    throw invalid(
      name,
      'is applied, but this release does not have the file: take it down with the release that has it',
    );
  if (file.down !== '') return file;
  throw new AppError('MIGRATION_IRREVERSIBLE', {
    kind: 'conflict',
    details: {
      message: `migrations/${name} has no statement below "-- +migrate Down": restore a backup instead`,
      file: name,
    },
  });
};
