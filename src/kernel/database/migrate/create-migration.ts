import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { AppError } from '../../error.ts';
import { compareMigrations } from './compare.ts';
import { readLedger } from './ledger.ts';
import { openMigrationSession } from './lock.ts';
import { parseMigration, readMigrations } from './migration.ts';
import { findSchemaDifference, type SchemaExports } from './schema-difference.ts';

export type CreateMigrationOptions = {
  readonly directory: string;
  readonly module: string;
  /** Words; they become part of the file's name. */
  readonly description: string;
  /** A database with every migration applied: the proposal is what the schemas have beyond it. */
  readonly ownerUrl: string;
  readonly schemas: SchemaExports;
  readonly now: Date;
};

export type CreatedMigration = {
  readonly path: string;
  readonly isEmpty: boolean;
  readonly warnings: readonly string[];
};

/** Writes `{timestamp}_{module}_{description}.sql` with proposed statements, to be read and completed by a person. */
export const createMigration = async (options: CreateMigrationOptions): Promise<CreatedMigration> => {
  await assertMigrated(options);
  const { statements, warnings } = await findSchemaDifference(options.ownerUrl, options.schemas);
  const name = nameOf(options);
  const text = render(statements, warnings);
  if (statements.length > 0) parseMigration(name, text);
  const path = join(options.directory, name);
  await writeFile(path, text, { flag: 'wx' });
  return { path, isEmpty: statements.length === 0, warnings };
};

const assertMigrated = async ({ ownerUrl, directory }: CreateMigrationOptions): Promise<void> => {
  const files = await readMigrations(directory);
  const session = await openMigrationSession(ownerUrl);
  try {
    const { applied } = await readLedger(session.sql, undefined);
    const differing = compareMigrations(files, applied ?? []).filter(({ state }) => state !== 'applied');
    if (differing.length === 0) return;
    const list = differing.map(({ name, state }) => `${name} (${state})`).join(', ');
    throw new AppError('MIGRATION_DRIFT', {
      kind: 'conflict',
      details: {
        message: `a proposal needs a database with exactly this release's migrations, but it differs in ${list}. Run ashlar migrate up first`,
      },
    });
  } finally {
    await session.close();
  }
};

const nameOf = ({ now, module, description }: CreateMigrationOptions): string => {
  const timestamp = now.toISOString().replace(/\D/g, '').slice(0, 14);
  const words = description
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_|_$/g, '');
  const name = `${timestamp}_${module}_${words}.sql`;
  parseMigration(name, '-- +migrate Up\nselect 1;\n-- +migrate Down\n');
  return name;
};

const render = (statements: readonly string[], warnings: readonly string[]): string => {
  const notes = warnings.map((warning) => `-- Loses data? ${warning.replaceAll('\n', ' ')}\n`);
  const up = statements.map((statement) => `${statement.trim().replace(/;?$/, ';')}\n`);
  const down = statements.toReversed().map((statement) => `${proposeUndo(statement)}\n`);
  return ['-- +migrate Up\n', ...notes, ...up, '\n-- +migrate Down\n', ...down].join('');
};

/** The statements that drizzle-kit writes to add something, and how each is undone. */
const undoRules: readonly (readonly [RegExp, string])[] = [
  [/^CREATE SCHEMA (?:IF NOT EXISTS )?("[^"]+")/, 'DROP SCHEMA $1;'],
  [/^CREATE TABLE (?:IF NOT EXISTS )?("[^"]+"(?:\."[^"]+")?)/, 'DROP TABLE $1;'],
  [/^CREATE TYPE ("[^"]+"(?:\."[^"]+")?)/, 'DROP TYPE $1;'],
  [/^CREATE (?:UNIQUE )?INDEX (?:IF NOT EXISTS )?("[^"]+") ON ("[^"]+")\./, 'DROP INDEX $2.$1;'],
  [/^CREATE (?:UNIQUE )?INDEX (?:IF NOT EXISTS )?("[^"]+") ON /, 'DROP INDEX $1;'],
  [/^ALTER TABLE ("[^"]+"(?:\."[^"]+")?) ADD COLUMN ("[^"]+")/, 'ALTER TABLE $1 DROP COLUMN $2;'],
  [/^ALTER TABLE ("[^"]+"(?:\."[^"]+")?) ADD CONSTRAINT ("[^"]+")/, 'ALTER TABLE $1 DROP CONSTRAINT $2;'],
];

const proposeUndo = (statement: string): string => {
  const text = statement.trim();
  for (const [pattern, undo] of undoRules) {
    const found = pattern.exec(text);
    if (found) return undo.replace(/\$(\d)/g, (_all, group: string) => found[Number(group)] ?? '');
  }
  return `-- Undo by hand: ${text.replaceAll('\n', ' ')}`;
};
