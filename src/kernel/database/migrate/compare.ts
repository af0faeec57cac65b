import { AppError } from '../../error.ts';
import type { AppliedMigration } from './ledger.ts';
import type { Migration } from './migration.ts';

export type MigrationState = 'applied' | 'pending' | 'changed' | 'missing';

/** One migration as this release and this database see it. */
export type MigrationStatus = {
  readonly name: string;
  /** `missing`: applied by another release, whose file this one does not have. */
  readonly state: MigrationState;
  /** Pending although a younger one is applied: it was merged late. */
  readonly isLate: boolean;
  readonly isBreaking: boolean;
  /** Null while pending. */
  readonly appliedAt: Date | null;
  readonly appliedBy: string | null;
  readonly durationMs: number | null;
};

/** Oldest first. */
export const compareMigrations = (
  files: readonly Migration[],
  applied: readonly AppliedMigration[],
): readonly MigrationStatus[] => {
  const rows = new Map(applied.map((row) => [row.name, row]));
  const known = new Map(files.map((file) => [file.name, file]));
  const youngest = applied.at(-1)?.name ?? '';
  return [...new Set([...known.keys(), ...rows.keys()])].sort().map((name) => {
    const file = known.get(name);
    const row = rows.get(name);
    const { appliedAt, appliedBy, durationMs } = row ?? notApplied;
    return {
      name,
      state: stateOf(file, row),
      isLate: row === undefined && name < youngest,
      isBreaking: file?.isBreaking ?? row?.isBreaking ?? false,
      appliedAt,
      appliedBy,
      durationMs,
    };
  });
};

const notApplied = { appliedAt: null, appliedBy: null, durationMs: null };

const stateOf = (file: Migration | undefined, row: AppliedMigration | undefined): MigrationState => {
  if (row === undefined) return 'pending';
  if (file === undefined) return 'missing';
  return file.checksum === row.checksum ? 'applied' : 'changed';
};

/** Throws MIGRATION_CHANGED or MIGRATION_UNKNOWN_BREAKING when this release must not run on this database. */
export const assertCompatible = (statuses: readonly MigrationStatus[]): void => {
  const changed = statuses.filter(({ state }) => state === 'changed').map(({ name }) => name);
  if (changed.length > 0) {
    const [files, were] = changed.length === 1 ? ['it', 'was'] : ['them', 'were'];
    throw new AppError('MIGRATION_CHANGED', {
      kind: 'conflict',
      details: {
        message: `${changed.map((name) => `migrations/${name}`).join(', ')} ${were} changed after the database applied ${files}. Restore the text and put the change into a new migration (ashlar migrate create)`,
        files: changed,
      },
    });
  }
  const breaking = statuses
    .filter(({ state, isBreaking }) => state === 'missing' && isBreaking)
    .map(({ name }) => name);
  if (breaking.length === 0) return;
  throw new AppError('MIGRATION_UNKNOWN_BREAKING', {
    kind: 'conflict',
    details: {
      message: `a newer release applied ${breaking.join(', ')}, which this release cannot work with. Run the newer release, or take its migration down with it first`,
      files: breaking,
    },
  });
};
