import type { Sql } from 'postgres';
import { expect, inject, onTestFinished, test } from 'vitest';

import { migrateUp } from '#kernel/database/migrate/migrate-up.ts';
import { openSession } from '#kernel/database/open-session.ts';
import { buildLog } from '#test/build.ts';
import { openTestDatabase } from '#test/database.ts';
import { migrationsDirectory, urlOf } from '#test/postgres-server.ts';

/** PostgreSQL ends the connection of whoever has run so many statements that change the schema. */
const killer = `
  create schema probe;
  create sequence probe.statements;
  create table probe.doom (at bigint);
  insert into probe.doom values (0);
  create function probe.count() returns event_trigger language plpgsql security definer as $$
  begin
    if nextval('probe.statements') = (select at from probe.doom) then perform pg_terminate_backend(pg_backend_pid()); end if;
  end $$;
  create event trigger probe_count on ddl_command_end execute function probe.count();`;

const openDatabase = async (template: string) => {
  const { name, drop } = await openTestDatabase(template);
  const { adminUrl, ownerUrl, url } = inject('postgres');
  const admin = await openSession({ url: urlOf(adminUrl, name), name: 'test' });
  onTestFinished(async () => {
    await admin.close();
    await drop();
  });
  const appRole = new URL(url).username;
  const migrate = () =>
    migrateUp({ ownerUrl: urlOf(ownerUrl, name), appRole, directory: migrationsDirectory, log: buildLog() });
  return { sql: admin.sql, migrate };
};

/** Every table, column, index, constraint, function and right that is ours; partitions of days come and go. */
const describeSchema = async (sql: Sql): Promise<readonly string[]> => {
  const rows = await sql<{ line: string }[]>`
    with ours as (
      select oid, nspname, nspacl from pg_namespace
      where nspname !~ '^pg_' and nspname not in ('information_schema', 'probe', 'public')
    ), relations as (
      select c.*, nspname from pg_class c join ours on ours.oid = relnamespace where not relispartition
    )
    select format('%s %s', nspname, nspacl) as line from ours
    union all
    select format('%s.%s %s %s', nspname, relname, relkind, relacl) from relations
    union all
    select format('%s.%s.%s %s %s', nspname, relname, attname, format_type(atttypid, atttypmod), attnotnull)
      from pg_attribute join relations r on r.oid = attrelid where attnum > 0
    union all
    select format('%s %s', conname, pg_get_constraintdef(c.oid)) from pg_constraint c join relations r on r.oid = conrelid
    union all
    select format('%s %s', relname, pg_get_indexdef(oid)) from relations where relkind in ('i', 'I')
    union all
    select format('%s.%s %s', nspname, proname, md5(prosrc)) from pg_proc join ours on ours.oid = pronamespace
    order by 1`;
  return rows.map(({ line }) => line);
};

test(
  'a migration whose connection is lost at any statement leaves nothing behind, and the next start goes on',
  { timeout: 300_000 },
  async () => {
    const whole = await openDatabase(inject('postgres').template);
    const { sql, migrate } = await openDatabase('template1');
    await sql.unsafe(killer);
    const countApplied = async () => {
      const [found] = await sql`select to_regclass('kernel._migrations') as ledger`;
      return found?.['ledger'] === null ? 0 : (await sql`select from kernel._migrations`).length;
    };
    let [kills, doom, applied] = [0, 1, 0];
    for (;;) {
      await sql`select setval('probe.statements', 1, false)`;
      await sql`update probe.doom set at = ${doom}`;
      const end = await migrate().then(
        () => 'migrated',
        () => 'killed',
      );
      if (end === 'migrated') break;
      kills += 1;
      const now = await countApplied();
      // What was finished stays, and the file after it begins anew at its first statement.
      doom = now > applied ? 1 : doom + 1;
      expect(now).toBeGreaterThanOrEqual(applied);
      applied = now;
    }

    expect(kills).toBeGreaterThan(100);
    expect(await countApplied()).toBe((await whole.sql`select from kernel._migrations`).length);
    expect(await describeSchema(sql)).toEqual(await describeSchema(whole.sql));
  },
);
