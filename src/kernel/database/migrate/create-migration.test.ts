import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { integer, pgSchema, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { describe, expect, inject, onTestFinished, test } from 'vitest';

import { buildLog } from '#test/build.ts';
import { openTestDatabase } from '#test/database.ts';
import { urlOf } from '#test/postgres-server.ts';

import { createdAt, id } from '../columns.ts';
import { createMigration } from './create-migration.ts';
import { migrateDown } from './migrate-down.ts';
import { migrateUp } from './migrate-up.ts';
import { findSchemaDifference } from './schema-difference.ts';

const garden = pgSchema('garden');
const plants = garden.table(
  'plants',
  { id: id(), commonName: text().notNull(), heightCm: integer().default(10), createdAt: createdAt() },
  (table) => [uniqueIndex('plants_common_name_key').on(table.commonName)],
);
const seeds = garden.table('seeds', { id: id(), plantId: uuid().references(() => plants.id) });
const taller = garden.table(
  'plants',
  { id: id(), commonName: text().notNull(), heightCm: integer(), createdAt: createdAt(), girthCm: integer() },
  (table) => [uniqueIndex('plants_common_name_key').on(table.commonName)],
);

const setUp = async () => {
  const { name, drop } = await openTestDatabase('template1');
  const directory = await mkdtemp(join(tmpdir(), 'ashlar-migrations-'));
  onTestFinished(async () => {
    await drop();
    await rm(directory, { recursive: true });
  });
  return { ownerUrl: urlOf(inject('postgres').ownerUrl, name), directory, log: buildLog() };
};

describe('migrate create', () => {
  test(
    'proposes up and down from the schemas, and what it proposes makes both equal',
    { timeout: 20_000 },
    async () => {
      const options = await setUp();
      const schemas = { garden, plants, seeds };
      const now = new Date('2026-03-04T05:06:07Z');
      const created = await createMigration({ ...options, schemas, module: 'garden', description: 'Add plants', now });
      expect(created).toMatchObject({
        isEmpty: false,
        path: join(options.directory, '20260304050607_garden_add_plants.sql'),
      });
      const written = await readFile(created.path, 'utf8');
      expect(written).toContain('"common_name" text NOT NULL');
      expect(written).toContain('DROP TABLE "garden"."plants";');
      await migrateUp(options);
      expect(await findSchemaDifference(options.ownerUrl, schemas)).toEqual({ statements: [], warnings: [] });
      const down = { ...options, steps: 1, isProduction: false, isForced: false };
      expect((await migrateDown(down)).undone).toHaveLength(1);
      expect((await migrateUp(options)).applied).toHaveLength(1);
    },
  );

  test('refuses a database on which migrations are pending', { timeout: 20_000 }, async () => {
    const options = { ...(await setUp()), module: 'garden', now: new Date('2026-03-04T05:06:07Z') };
    await createMigration({ ...options, schemas: { garden, plants }, description: 'plants' });
    const again = createMigration({ ...options, schemas: { garden, plants }, description: 'again' });
    await expect(again).rejects.toMatchObject({
      code: 'MIGRATION_DRIFT',
      message: expect.stringContaining('(pending)'),
    });
  });
});

describe('findSchemaDifference', () => {
  test('finds a column that no migration made', { timeout: 20_000 }, async () => {
    const options = await setUp();
    const now = new Date('2026-03-04T05:06:07Z');
    await createMigration({ ...options, schemas: { garden, plants }, module: 'garden', description: 'plants', now });
    await migrateUp(options);
    const { statements } = await findSchemaDifference(options.ownerUrl, { garden, taller });
    expect(statements.join('\n')).toContain('ADD COLUMN "girth_cm" integer');
    expect(statements.join('\n')).toContain('"height_cm" DROP DEFAULT');
  });

  test('names what to install where there are no development packages', { timeout: 20_000 }, async () => {
    const program = `
      import { registerHooks } from 'node:module';
      const resolve = (name, context, next) => {
        if (name.startsWith('drizzle-kit')) throw new Error('no such package');
        return next(name, context);
      };
      registerHooks({ resolve });
      const { findSchemaDifference } = await import(${JSON.stringify(import.meta.resolve('./schema-difference.ts'))});
      await findSchemaDifference('postgres://nobody@127.0.0.1/none', {}).catch(({ message }) => console.log(message));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
    expect(stdout).toMatch(/^DEVELOPMENT_TOOL_MISSING: .*drizzle-kit.*npm ci/);
  });
});
