import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, inject, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';

import { buildLog } from '#test/build.ts';
import { openTestDatabase } from '#test/database.ts';
import { urlOf } from '#test/postgres-server.ts';

import { openSession } from '../open-session.ts';
import { migrateDown } from './migrate-down.ts';
import { migrateUp } from './migrate-up.ts';
import { migrationStatus } from './migration-status.ts';

const table = (name: string) =>
  `-- +migrate Up\ncreate table ${name} (id int);\n\n-- +migrate Down\ndrop table ${name};\n`;
const at = (second: number, words: string) => `202601020304${String(second).padStart(2, '0')}_lab_${words}.sql`;

/** An empty database and an empty directory. */
const setUp = async () => {
  const { name, drop } = await openTestDatabase('template1');
  const directory = await mkdtemp(join(tmpdir(), 'ashlar-migrations-'));
  const ownerUrl = urlOf(inject('postgres').ownerUrl, name);
  const appUrl = urlOf(inject('postgres').url, name);
  const session = await openSession({ url: ownerUrl, name: 'test' });
  onTestFinished(async () => {
    await session.close();
    await drop();
    await rm(directory, { recursive: true });
  });
  const options = { ownerUrl, directory, log: buildLog(), isProduction: false, isForced: false };
  const write = (file: string, text: string) => writeFile(join(directory, file), text);
  const tables = async () => {
    const rows = await session.sql`select tablename from pg_tables where schemaname = 'public' order by 1`;
    return rows.map((row) => String(row['tablename']));
  };
  return { options, write, tables, sql: session.sql, appUrl };
};

const start = (ownerUrl: string, directory: string) => {
  const script = fileURLToPath(new URL('../testing/migrate-process.ts', import.meta.url));
  const child = spawn(process.execPath, [script, ownerUrl, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (bytes: Buffer) => (out += bytes.toString()));
  const done = new Promise<string>((resolve) => child.once('close', () => resolve(out)));
  return { child, done };
};

/** What the process printed. */
const appliedIn = (out: string) => z.object({ applied: z.array(z.unknown()) }).parse(JSON.parse(out)).applied;

describe('migrate up', () => {
  test('applies everything in order, once, and has nothing to do after that', async () => {
    const { options, write, tables } = await setUp();
    await write(
      at(2, 'second'),
      '-- +migrate Up\nalter table a add column b int;\n-- +migrate Down\nalter table a drop column b;\n',
    );
    await write(at(1, 'first'), table('a'));
    await write('README.md', 'not a migration');
    const first = await migrateUp(options);
    expect(first.applied.map(({ name }) => name)).toEqual([at(1, 'first'), at(2, 'second')]);
    expect(await tables()).toEqual(['a']);
    expect(await migrateUp(options)).toEqual({ applied: [], waitedMs: 0 });
    const status = await migrationStatus(options);
    expect(status).toMatchObject([
      { state: 'applied', appliedBy: expect.stringContaining('from') },
      { state: 'applied' },
    ]);
  });

  test(
    'runs each migration once when two processes start on an empty database at the same instant',
    { timeout: 20_000 },
    async () => {
      const { options, write, tables } = await setUp();
      for (let second = 1; second <= 20; second += 1) await write(at(second, `make_${second}`), table(`t${second}`));
      const both = [start(options.ownerUrl, options.directory), start(options.ownerUrl, options.directory)];
      const applied = (await Promise.all(both.map(({ done }) => done))).map((out) => appliedIn(out).length);
      expect(applied.sort((a, b) => a - b)).toEqual([0, 20]);
      expect(await tables()).toHaveLength(20);
    },
  );

  test(
    'leaves a migration unapplied whose process was killed in the middle, and applies it at the next start',
    { timeout: 20_000 },
    async () => {
      const { options, write, tables, sql } = await setUp();
      await write(
        at(1, 'slow'),
        `-- +migrate Up\ncreate table a (id int);\nselect pg_sleep(60);\n-- +migrate Down\ndrop table a;\n`,
      );
      const { child, done } = start(options.ownerUrl, options.directory);
      const sleeping = () =>
        sql`select 1 from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`;
      await vi.waitUntil(async () => (await sleeping()).length > 0, { timeout: 8000, interval: 20 });
      child.kill('SIGKILL');
      await done;
      expect(await tables()).toEqual([]);
      await write(at(1, 'slow'), table('a'));
      const { applied, waitedMs } = await migrateUp(options);
      expect(applied).toHaveLength(1);
      expect(waitedMs).toBeLessThan(5000);
      expect(await tables()).toEqual(['a']);
    },
  );

  test('stops with the name of a file that was changed after it was applied', async () => {
    const { options, write } = await setUp();
    await write(at(1, 'first'), table('a'));
    await migrateUp(options);
    await write(at(1, 'first'), table('a_changed'));
    await write(at(2, 'second'), table('b'));
    await expect(migrateUp(options)).rejects.toMatchObject({
      code: 'MIGRATION_CHANGED',
      kind: 'conflict',
      message: expect.stringContaining(at(1, 'first')),
    });
    expect((await migrationStatus(options)).map(({ state }) => state)).toEqual(['changed', 'pending']);
  });

  test('applies a file that was merged late, and says so', async () => {
    const { options, write, tables } = await setUp();
    await write(at(5, 'young'), table('young'));
    await migrateUp(options);
    await write(at(1, 'old'), table('old'));
    const lines: Record<string, unknown>[] = [];
    const { applied } = await migrateUp({ ...options, log: buildLog(lines) });
    expect(applied).toMatchObject([{ name: at(1, 'old'), isLate: true }]);
    expect(lines).toMatchObject([{ level: 40, name: at(1, 'old') }]);
    expect(await tables()).toEqual(['old', 'young']);
  });

  test('runs on a database that a newer release migrated, unless that migration is marked as breaking', async () => {
    const { options, write } = await setUp();
    await write(at(1, 'first'), table('a'));
    await write(at(2, 'newer'), table('b'));
    await migrateUp(options);
    await rm(join(options.directory, at(2, 'newer')));
    expect((await migrateUp(options)).applied).toEqual([]);
    expect((await migrationStatus(options)).map(({ state }) => state)).toEqual(['applied', 'missing']);
    await write(at(3, 'breaking'), `-- +migrate Breaks\n${table('c')}`);
    await migrateUp(options);
    await rm(join(options.directory, at(3, 'breaking')));
    await expect(migrateUp(options)).rejects.toMatchObject({ code: 'MIGRATION_UNKNOWN_BREAKING', kind: 'conflict' });
  });

  test('rolls a failing migration back, keeps those before it, and names it with the reason', async () => {
    const { options, write, tables } = await setUp();
    await write(at(1, 'good'), table('a'));
    await write(
      at(2, 'bad'),
      '-- +migrate Up\ncreate table b (id int);\nselect nonsense;\n-- +migrate Down\ndrop table b;\n',
    );
    await expect(migrateUp(options)).rejects.toMatchObject({
      code: 'MIGRATION_FAILED',
      message: expect.stringMatching(/lab_bad.*nonsense/),
    });
    expect(await tables()).toEqual(['a']);
  });

  test('refuses a file that commits by itself', async () => {
    const { options, write } = await setUp();
    await write(
      at(1, 'own_commit'),
      '-- +migrate Up\ncreate table a (id int);\ncommit;\n-- +migrate Down\ndrop table a;\n',
    );
    await expect(migrateUp(options)).rejects.toMatchObject({ code: 'MIGRATION_INVALID' });
  });

  test('runs a marked file outside a transaction, and refuses a second statement in it', async () => {
    const { options, write, sql } = await setUp();
    await write(at(1, 'make'), table('a'));
    const marked = '-- +migrate NoTransaction\n-- +migrate Up\n';
    const down = '\n-- +migrate Down\ndrop index concurrently if exists a_id;\n';
    await write(at(2, 'index'), `${marked}create index concurrently if not exists a_id on a (id);${down}`);
    await migrateUp(options);
    expect(await sql`select 1 from pg_indexes where indexname = 'a_id'`).toHaveLength(1);
    expect((await migrateDown({ ...options, steps: 1 })).undone).toEqual([at(2, 'index')]);
    await write(at(2, 'index'), `${marked}select 1;\nselect 2;${down}`);
    await expect(migrateUp(options)).rejects.toMatchObject({ code: 'MIGRATION_FAILED' });
  });

  test('lets the role that runs the program use what is there and what comes, but not write the ledger', async () => {
    const { options, write, appUrl } = await setUp();
    const appRole = new URL(appUrl).username;
    await write(
      at(1, 'make'),
      '-- +migrate Up\ncreate schema lab;\ncreate table lab.a (id int generated always as identity, n int);\n-- +migrate Down\ndrop schema lab cascade;\n',
    );
    await migrateUp(options);
    expect((await migrateUp({ ...options, appRole })).applied).toEqual([]);
    await write(
      at(2, 'more'),
      '-- +migrate Up\ncreate schema later;\ncreate table later.b (id serial, n int);\n-- +migrate Down\ndrop schema later cascade;\n',
    );
    await migrateUp({ ...options, appRole });
    const app = await openSession({ url: appUrl, name: 'test' });
    onTestFinished(() => app.close());
    await app.sql`insert into lab.a (n) values (1)`;
    await app.sql`insert into later.b (n) values (1)`;
    expect(await app.sql`select name from kernel._migrations`).toHaveLength(2);
    await expect(app.sql`delete from kernel._migrations`).rejects.toMatchObject({ code: '42501' });
    await expect(app.sql`create table lab.mine ()`).rejects.toMatchObject({ code: '42501' });
  });
});

describe('migrate down', () => {
  test('undoes the youngest first, and up brings them back', async () => {
    const { options, write, tables } = await setUp();
    for (const second of [1, 2, 3]) await write(at(second, `make_${second}`), table(`t${second}`));
    await migrateUp(options);
    expect((await migrateDown({ ...options, steps: 2 })).undone).toEqual([at(3, 'make_3'), at(2, 'make_2')]);
    expect(await tables()).toEqual(['t1']);
    expect((await migrateUp(options)).applied).toHaveLength(2);
    expect(await tables()).toEqual(['t1', 't2', 't3']);
  });

  test('is refused in production unless it is forced', async () => {
    const { options, write } = await setUp();
    await write(at(1, 'make'), table('a'));
    await migrateUp(options);
    const inProduction = { ...options, steps: 1, isProduction: true };
    await expect(migrateDown(inProduction)).rejects.toMatchObject({
      code: 'MIGRATION_DOWN_REFUSED',
      kind: 'forbidden',
    });
    expect((await migrateDown({ ...inProduction, isForced: true })).undone).toHaveLength(1);
  });

  test('says that a file without a Down cannot be undone', async () => {
    const { options, write } = await setUp();
    await write(at(1, 'final'), '-- +migrate Up\ncreate table a (id int);\n-- +migrate Down\n-- data is gone\n');
    await migrateUp(options);
    await expect(migrateDown({ ...options, steps: 1 })).rejects.toMatchObject({ code: 'MIGRATION_IRREVERSIBLE' });
  });
});
