import { eq, sql } from 'drizzle-orm';
import { jsonb, pgSchema, text } from 'drizzle-orm/pg-core';
import { describe, expect } from 'vitest';

import { newId } from '#kernel/ids.ts';
import { test as base } from '#test/database.ts';

import { createdAt, id, instant } from './columns.ts';
import { prepared, type Slots } from './prepared.ts';

const lab = pgSchema('lab');
const samples = lab.table('samples', {
  id: id(),
  name: text().notNull().unique(),
  tags: text().array(),
  shape: jsonb().$type<{ sides: number }>(),
  seenAt: instant(),
  createdAt: createdAt(),
});
const notes = lab.table('notes', { id: id(), sampleId: text('sample_id').notNull(), body: text() });

const insertSample = prepared(
  'lab.insert-sample',
  (
    db,
    value: Slots<{
      id: string;
      name: string;
      tags: string[] | null;
      shape: { sides: number } | null;
      seenAt: Date | null;
    }>,
  ) =>
    db
      .insert(samples)
      .values({ id: value.id, name: value.name, tags: value.tags, shape: value.shape, seenAt: value.seenAt })
      .returning(),
);
const findSample = prepared('lab.find-sample', (db, value: Slots<{ id: string }>) =>
  db.select({ id: samples.id, name: samples.name }).from(samples).where(eq(samples.id, value.id)),
);
const listWithNotes = prepared('lab.list-with-notes', (db, value: Slots<{ id: string }>) =>
  db
    .select()
    .from(samples)
    .leftJoin(notes, sql`${notes.sampleId} = ${samples.id}::text`)
    .where(eq(samples.id, value.id)),
);
const listNames = prepared(
  'lab.list-names',
  (_db, value: Slots<{ ids: readonly string[] }>) =>
    sql<{ name: string }>`select name from lab.samples where id = any(${value.ids}) order by name`,
);
const countAll = prepared('lab.count', (db) => db.select({ count: sql<number>`count(*)::int` }).from(samples));

const test = base.extend('lab', { scope: 'file' }, async ({ sql: owner }) => {
  await owner.unsafe(`
    create schema lab;
    create table lab.samples (id uuid primary key, name text not null unique, tags text[], shape jsonb,
      seen_at timestamptz(3), created_at timestamptz(3) not null default now());
    create table lab.notes (id uuid primary key, sample_id text not null, body text)`);
  return lab;
});

const sample = () => ({
  id: newId(),
  name: newId(),
  tags: ['a', 'b, "c"'],
  shape: { sides: 3 },
  seenAt: new Date('2026-01-02T03:04:05.678Z'),
});

describe('prepared', () => {
  test('gives back every kind of value that it was given', async ({ database, lab: _lab }) => {
    const given = sample();
    const [inserted] = await database.transaction((tx) => insertSample(tx, given));
    expect(inserted).toMatchObject(given);
    expect(inserted?.createdAt).toBeInstanceOf(Date);
  });

  test('keeps nulls', async ({ database, lab: _lab }) => {
    const given = { ...sample(), tags: null, shape: null, seenAt: null };
    expect(await database.transaction((tx) => insertSample(tx, given))).toMatchObject([given]);
  });

  test('answers a joined table as an object, and as null where the join found nothing', async ({
    database,
    lab: _lab,
    sql: owner,
  }) => {
    const given = sample();
    await database.transaction((tx) => insertSample(tx, given));
    expect(await listWithNotes(database.lanes, { id: given.id })).toMatchObject([
      { samples: { name: given.name }, notes: null },
    ]);
    await owner`insert into lab.notes (id, sample_id, body) values (${newId()}, ${given.id}, 'seen')`;
    expect(await listWithNotes(database.lanes, { id: given.id })).toMatchObject([{ notes: { body: 'seen' } }]);
  });

  test('takes a list for `= any`, and plain SQL', async ({ database, lab: _lab }) => {
    const given = [sample(), sample()];
    for (const one of given) await database.transaction((tx) => insertSample(tx, one));
    const rows = await listNames(database.lanes, { ids: given.map((one) => one.id) });
    expect(rows.map(({ name }) => name)).toEqual(given.map(({ name }) => name).sort());
  });

  test('is parsed once by each connection, and stands in pg_prepared_statements', async ({ database, lab: _lab }) => {
    for (let turn = 0; turn < 3; turn += 1) {
      await findSample(database.lanes, { id: newId() });
      await countAll(database.lanes);
    }
    const statements = await database.lanes.execute<{ statement: string; plans: number }>(
      sql`select statement, (generic_plans + custom_plans)::int as plans from pg_prepared_statements where statement like '%"lab"."samples"%'`,
    );
    expect(statements.filter(({ statement }) => statement.includes('count(*)'))).toMatchObject([{ plans: 3 }]);
    expect(statements.filter(({ statement }) => statement.includes('where "lab"."samples"."id" = $1'))).toMatchObject(
      expect.arrayContaining([{ statement: expect.stringContaining('select "id", "name"'), plans: 3 }]),
    );
  });

  test('refuses U+0000, which PostgreSQL cannot keep, as a wrong input', async ({ database, lab: _lab }) => {
    await expect(findSample(database.lanes, { id: 'a\0b' })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      kind: 'invalid',
    });
  });

  test('leaves the failure of a statement as PostgreSQL named it, without its values in the message', async ({
    database,
    lab: _lab,
  }) => {
    const failure: unknown = await findSample(database.lanes, { id: 'no uuid' }).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ code: '22P02' });
    const given = sample();
    const twice = database.transaction(async (tx) => {
      await insertSample(tx, given);
      await insertSample(tx, { ...given, id: newId() });
    });
    await expect(twice).rejects.toMatchObject({ code: '23505', message: expect.not.stringContaining(given.name) });
  });

  test('names the value that is missing', async ({ database, lab: _lab }) => {
    // `as`: the types would not let it happen.
    const careless: (db: typeof database.lanes, values: object) => Promise<unknown> = findSample as never;
    await expect(careless(database.lanes, {})).rejects.toThrow('lab.find-sample was run without its value "id"');
  });
});
