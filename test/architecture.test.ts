import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { integer, pgSchema } from 'drizzle-orm/pg-core';
import type { Sql } from 'postgres';
import { describe, expect, test as plainTest } from 'vitest';

import { listSealedTables } from '#app/app.ts';
import { describeApp } from '#app/describe-app.ts';
import { anonymous, permissionFree } from '#app/permission-free.ts';
import { root } from '#app/release.ts';
import { listUseCases } from '#app/usecases.ts';
import { findSchemaDifference } from '#kernel/database/migrate/schema-difference.ts';
import { test } from '#test/database.ts';

/** Foreign keys, views and rules that reach from one schema into another: `auth.sessions → infra.servers`. */
const findCrossings = async (sql: Sql): Promise<readonly string[]> => {
  const rows = await sql<{ crossing: string }[]>`
    select conrelid::regclass || ' → ' || confrelid::regclass as crossing
      from pg_constraint
      join pg_class referring on referring.oid = conrelid
      join pg_class referred on referred.oid = confrelid
     where contype = 'f' and referring.relnamespace <> referred.relnamespace
     union
    select view.oid::regclass || ' → ' || used.oid::regclass
      from pg_rewrite
      join pg_class view on view.oid = ev_class
      join pg_depend on classid = 'pg_rewrite'::regclass and objid = pg_rewrite.oid
      join pg_class used on refclassid = 'pg_class'::regclass and used.oid = refobjid
     where used.relnamespace <> view.relnamespace
       and view.relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
       and used.relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
     order by 1`;
  return rows.map(({ crossing }) => crossing);
};

/**
 * drizzle-kit reads the columns of a unique constraint in no order, and proposes to drop and add one that is right:
 * what it would add is there already, word for word.
 */
const withoutNoise = async (sql: Sql, statements: readonly string[]): Promise<readonly string[]> => {
  const rows = await sql<{ name: string; definition: string }[]>`
    select conname as name, pg_get_constraintdef(oid) as definition from pg_constraint where contype = 'u'`;
  const present = new Map(rows.map(({ name, definition }) => [name, definition.replaceAll(/[ "]/g, '')]));
  const added = new Map(
    statements.flatMap((statement) => {
      const [, name, definition] = /ADD CONSTRAINT "(\w+)" (UNIQUE.*);$/.exec(statement) ?? [];
      return name === undefined || definition === undefined ? [] : [[name, definition.replaceAll(/[ "]/g, '')]];
    }),
  );
  return statements.filter((statement) => {
    const [, name = ''] = /(?:ADD|DROP) CONSTRAINT "(\w+)"/.exec(statement) ?? [];
    return !added.has(name) || added.get(name) !== present.get(name);
  });
};

/** Bytes that the master key did not seal; and the root secret, with which each rotation begins. */
const unsealed = [
  'kernel.audit_keys.public_key',
  'kernel.audit_leaves.leaves',
  'kernel.audit_seals.previous',
  'kernel.audit_seals.root',
  'kernel.audit_seals.signature',
  'kernel.idempotency_keys.answer',
  'kernel.idempotency_keys.body_hash',
  'kernel.root_secret.sealed',
];

describe('the migrated database', () => {
  test('no foreign key and no view crosses schemas', async ({ sql }) => {
    expect(await findCrossings(sql)).toEqual([]);
  });

  test('one that did would be found', async ({ sql }) => {
    await sql.unsafe(`
      create schema stone; create table stone.walls (id int primary key);
      create schema mortar; create table mortar.bags (id int primary key, wall_id int references stone.walls);
      create view mortar.walls as select id from stone.walls`);
    try {
      expect(await findCrossings(sql)).toEqual(['mortar.bags → stone.walls', 'mortar.walls → stone.walls']);
    } finally {
      await sql.unsafe('drop schema mortar cascade; drop schema stone cascade');
    }
  });

  test('the migrations make what schema.ts of each module says', async ({ ownerUrl, sql }) => {
    const paths = globSync('src/modules/*/schema.ts', { cwd: root });
    const schemas: object[] = await Promise.all(paths.map((path) => import(join(root, path))));
    const { statements } = await findSchemaDifference(ownerUrl, Object.assign({}, ...schemas));
    expect(await withoutNoise(sql, statements)).toEqual([]);
  });

  test('a table that no migration makes would be found', async ({ ownerUrl }) => {
    const walls = pgSchema('stone').table('walls', { id: integer().primaryKey() });
    const { statements } = await findSchemaDifference(ownerUrl, { walls });
    expect(statements.join()).toContain('CREATE TABLE "stone"."walls"');
  });

  test('every column of bytes is known to the rotation of the master key, or to hold nothing sealed', async ({
    sql,
  }) => {
    const rows = await sql<{ name: string }[]>`
      select table_schema || '.' || table_name || '.' || column_name as name
        from information_schema.columns
        join pg_class on pg_class.oid = format('%I.%I', table_schema, table_name)::regclass and not relispartition
       where data_type = 'bytea' and table_schema not in ('pg_catalog', 'information_schema')`;
    const sealed = listSealedTables(await describeApp()).map(({ table, column }) => `${table}.${column}`);
    // A sealed column belongs into the `sealed` of its module, or into src/kernel/secrets/kernel-tables.ts.
    expect(rows.map(({ name }) => name).toSorted()).toEqual([...sealed, ...unsealed].toSorted());
  });

  test('every schema belongs to the kernel or to a module', async ({ sql }) => {
    const { modules } = await describeApp();
    const rows = await sql<{ name: string }[]>`
      select nspname as name from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'`;
    const owners = new Set(['public', 'kernel', ...modules.map(({ name }) => name)]);
    expect(rows.map(({ name }) => name).filter((name) => !owners.has(name))).toEqual([]);
  });
});

describe('who may', () => {
  plainTest('every user action declares its permissions, or is listed as anonymous or as free of them', async () => {
    const actions = listUseCases(await describeApp()).flatMap(({ module, usecase }) =>
      usecase.type === 'user_action' ? [{ ...usecase, operation: `${module}.${usecase.operationId}` }] : [],
    );
    const open = actions.filter(({ actors }) => actors === 'anonymous');
    const free = actions.filter(({ actors, permissions }) => actors !== 'anonymous' && permissions.length === 0);
    expect(open.map(({ operation }) => operation).toSorted()).toEqual([...anonymous].toSorted());
    expect(free.map(({ operation }) => operation).toSorted()).toEqual([...permissionFree].toSorted());
  });
});

describe('mail templates', () => {
  plainTest('each is named after its module, and no two alike', async () => {
    const { modules } = await describeApp();
    const all = modules.flatMap(({ name: module, mailTemplates = [] }) =>
      mailTemplates.map(({ name }) => ({ module, name })),
    );
    expect(all.length).toBeGreaterThan(0);
    for (const { module, name } of all) expect(name).toMatch(new RegExp(`^${module}\\.[a-z]+(-[a-z]+)*$`));
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  });
});

describe('our own lint rules', () => {
  const files = globSync('lint/*.ts', { cwd: root }).filter((file) => !/\/(?:ashlar|rule)\.ts$/.test(file));
  plainTest.for(files)('%s says which accident it prevents', (file) => {
    expect(readFileSync(join(root, file), 'utf8')).toMatch(/^\/\*\*\n \* What this prevents: /m);
  });
});
