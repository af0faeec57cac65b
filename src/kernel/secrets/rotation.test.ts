import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Sql } from 'postgres';
import { describe, expect } from 'vitest';

import { noKeys } from '#test/build.ts';
import { test as databaseTest } from '#test/database.ts';
import type { Database } from '../database/database.ts';
import type { MasterKeySource } from './key-source.ts';
import { createRotation } from './rotation.ts';
import type { SealedTable } from './sealed-table.ts';
import { createSealer } from './sealer.ts';
import { openSecrets } from './secrets.ts';

const keyOf = (byte: number): string => Buffer.alloc(32, byte).toString('base64');

const table: SealedTable = { table: 'probe.kept', column: 'sealed', id: 'id', version: 'version' };
const placeOf = (id: number) => ({ table: table.table, id: `${id}`, version: 2 });

/** Each test has no root secret and an empty table of its own; they run one after another. */
const test = databaseTest
  .extend('kept', { scope: 'test' }, async ({ sql }) => {
    await sql.unsafe(`
      delete from kernel.root_secret;
      drop schema if exists probe cascade; create schema probe;
      create table probe.kept (id integer primary key, version integer not null, sealed bytea)`);
    return table;
  })
  .extend('directory', { scope: 'test' }, async ({}, { onCleanup }) => {
    const directory = await mkdtemp(join(tmpdir(), 'ashlar-rotation-'));
    onCleanup(() => rm(directory, { recursive: true }));
    return directory;
  });

/** One process. */
const start = async (database: Database, source: Partial<MasterKeySource>) => {
  const opened = await openSecrets({ ...noKeys, ...source }, database);
  const announced: unknown[] = [];
  const rotation = createRotation({
    ...opened,
    database,
    notices: { announce: async (_tx, row) => void announced.push(row), untilAll: () => Promise.resolve([]) },
  });
  const rotate = async () => {
    const begun = await database.transaction((tx) => rotation.begin(tx, [table]));
    return { begun, ...(begun === 'no_newer_key' ? {} : await rotation.finish([table])) };
  };
  return { ...opened, rotation, rotate, announced };
};
type Started = Awaited<ReturnType<typeof start>>;

const textOf = (id: number) => `value ${id}`;

const keep = async (sql: Sql, { secrets }: Started, ids: readonly number[]) => {
  const rows = ids.map((id) => ({ id, version: 2, sealed: secrets.seal(Buffer.from(textOf(id)), placeOf(id)) }));
  for (let from = 0; from < rows.length; from += 1000)
    await sql`insert into probe.kept ${sql(rows.slice(from, from + 1000))}`;
};

const range = (length: number) => Array.from({ length }, (_, index) => index + 1);

/** Opens every value; answers how many there are. */
const openAll = async (sql: Sql, { secrets }: Started) => {
  const rows = await sql<{ id: number; sealed: Buffer }[]>`select id, sealed from probe.kept where sealed is not null`;
  for (const { id, sealed } of rows) expect(secrets.open(sealed, placeOf(id)).toString()).toBe(textOf(id));
  return rows.length;
};

const keyIdsOf = async (sql: Sql) => {
  const rows = await sql<{ id: string }[]>`
    select distinct encode(substring(sealed from 2 for 8), 'hex') as id from probe.kept where sealed is not null`;
  return rows.map(({ id }) => id);
};

describe('a rotation of keys that the configuration gives', () => {
  const [old, fresh] = [{ masterKey: keyOf(1) }, { masterKey: keyOf(2), previousMasterKey: keyOf(1) }];

  test('puts every value under the new key, and derives the same keys as before', async ({ database, sql, kept }) => {
    expect(kept).toBe(table);
    const before = await start(database, old);
    await keep(sql, before, range(250));
    await sql`insert into probe.kept values (1000, 2, null)`;
    const during = await start(database, fresh);
    expect(during.secrets.keyId).toBe(before.secrets.keyId);

    expect(await during.rotate()).toEqual({ begun: 'begun', rewrapped: 250, unreadable: [], behind: [] });
    const after = await start(database, { masterKey: keyOf(2) });
    expect(await keyIdsOf(sql)).toEqual([after.secrets.keyId]);
    expect(after.secrets.keyId).not.toBe(before.secrets.keyId);
    expect(await openAll(sql, after)).toBe(250);
    expect(after.secrets.derive('probe')).toEqual(before.secrets.derive('probe'));
    await expect(start(database, old)).rejects.toMatchObject({ code: 'MASTER_KEY_WRONG', kind: 'conflict' });
  });

  test('leaves the sealed values themselves alone', async ({ database, sql, kept }) => {
    expect(kept).toBe(table);
    await keep(sql, await start(database, old), [1]);
    const sealed = async () => (await sql<{ sealed: Buffer }[]>`select sealed from probe.kept`)[0]?.sealed ?? null;
    const before = await sealed();
    await (await start(database, fresh)).rotate();
    const after = await sealed();
    expect(after?.subarray(69)).toEqual(before?.subarray(69));
    expect(after?.subarray(9, 69)).not.toEqual(before?.subarray(9, 69));
  });

  test('is refused where the configuration gives no newer key', async ({ database, kept }) => {
    expect(kept).toBe(table);
    expect(await (await start(database, old)).rotate()).toEqual({ begun: 'no_newer_key' });
  });

  test('finds later what somebody sealed with the former key meanwhile', async ({ database, sql, kept }) => {
    expect(kept).toBe(table);
    await start(database, old);
    const late = await start(database, fresh);
    const rotating = await start(database, fresh);
    await rotating.rotate();
    await keep(sql, late, range(3));
    expect(await rotating.rotate()).toEqual({ begun: 'resumed', rewrapped: 3, unreadable: [], behind: [] });
    expect(await rotating.rotate()).toEqual({ begun: 'no_newer_key' });
  });

  test('tells the others, who seal with the new key from then on, and never with an older one again', async ({
    database,
    kept,
  }) => {
    expect(kept).toBe(table);
    await start(database, old);
    const other = await start(database, fresh);
    const rotating = await start(database, fresh);
    await rotating.rotate();
    expect(rotating.announced).toEqual([{ generation: 2, sealed: expect.any(Buffer) }]);
    const row = { generation: 2, sealed: rotating.secrets.seal(Buffer.alloc(32), placeOf(1)) };
    other.secrets.follow(row);
    expect(other.secrets.keyId).toBe(rotating.secrets.keyId);
    const stale = createSealer(Buffer.alloc(32, 1)).seal(Buffer.alloc(32), Buffer.alloc(0));
    other.secrets.follow({ generation: 1, sealed: stale });
    expect(other.secrets.keyId).toBe(rotating.secrets.keyId);
  });

  test('passes over what is damaged, and names it', async ({ database, sql, kept }) => {
    expect(kept).toBe(table);
    const before = await start(database, old);
    await keep(sql, before, range(5));
    await sql`update probe.kept set sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1) where id = 3`;
    expect(await (await start(database, fresh)).rotate()).toEqual({
      begun: 'begun',
      rewrapped: 4,
      unreadable: [placeOf(3)],
      behind: [],
    });
  });
});

describe('a rotation of the key that was made by us', () => {
  test('takes the place of the old one, which stays beside it', async ({ database, sql, kept, directory }) => {
    expect(kept).toBe(table);
    const source = { generateAt: join(directory, 'master.key') };
    const before = await start(database, source);
    await keep(sql, before, range(10));
    const old = await readFile(source.generateAt, 'utf8');

    expect(await before.rotate()).toEqual({ begun: 'begun', rewrapped: 10, unreadable: [], behind: [] });
    expect(await readdir(directory)).toEqual(['master.key', 'master.key.previous']);
    expect(await readFile(join(directory, 'master.key.previous'), 'utf8')).toBe(old);
    const after = await start(database, { masterKey: (await readFile(source.generateAt, 'utf8')).trim() });
    expect(await openAll(sql, after)).toBe(10);

    expect(await before.rotate()).toMatchObject({ begun: 'begun', rewrapped: 10 });
    expect(await readdir(directory)).toEqual(['master.key', 'master.key.previous']);
    expect(await openAll(sql, await start(database, source))).toBe(10);
  });

  test(
    'goes on wherever it was killed, and every value can be opened at each moment',
    { timeout: 60_000 },
    async ({ database, databaseUrl, sql, kept, directory }) => {
      const generateAt = join(directory, 'master.key');
      const values = 1500;
      await keep(sql, await start(database, { generateAt }), range(values));
      // How many values are under another key than before when the process is killed; 0: as soon as it runs.
      for (const killAt of [0, 1, 700, values, 0]) {
        const [formerId = ''] = await keyIdsOf(sql);
        await killAfter(
          { databaseUrl, generateAt, table: kept.table },
          async () => (await countOthers(sql, formerId)) >= killAt,
        );
        expect(await openAll(sql, await start(database, { generateAt }))).toBe(values);
      }
      const last = await start(database, { generateAt });
      await last.rotate();
      const after = await start(database, { generateAt });
      expect(await keyIdsOf(sql)).toEqual([after.secrets.keyId]);
      expect(existsSync(`${generateAt}.next`)).toBe(false);
      const alone = await start(database, { masterKey: (await readFile(generateAt, 'utf8')).trim() });
      expect(await openAll(sql, alone)).toBe(values);
    },
  );
});

const countOthers = async (sql: Sql, keyId: string): Promise<number> => {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::int as count from probe.kept where substring(sealed from 2 for 8) <> decode(${keyId}, 'hex')`;
  return row?.count ?? 0;
};

type Victim = { readonly databaseUrl: string; readonly generateAt: string; readonly table: string };

const killAfter = async ({ databaseUrl, generateAt, table: name }: Victim, isDue: () => Promise<boolean>) => {
  const program = fileURLToPath(new URL('testing/rotate-process.ts', import.meta.url));
  const child = spawn(process.execPath, [program, databaseUrl, generateAt, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  await once(child.stdout, 'data');
  while (child.exitCode === null && !(await isDue()));
  child.kill('SIGKILL');
  await exited;
};
