import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';

import postgres from 'postgres';
import { afterAll, expect, test } from 'vitest';

import { createClaim } from './claim.ts';
import { type EmbeddedPostgres, openEmbeddedPostgres } from './open-embedded-postgres.ts';
import { openWorkshop, silentLog as log } from './testing/workshop.ts';

const workshop = openWorkshop();
afterAll(() => workshop.close());

const query = async (url: string, statement: string) => {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    return await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
};

const withDatabase = async (dataDirectory: string, fn: (database: EmbeddedPostgres) => Promise<void>) => {
  const database = await openEmbeddedPostgres({ dataDirectory, log });
  try {
    await fn(database);
  } finally {
    await database.close();
  }
};

test('makes a database in UTF8 with the builtin locale, whatever the environment, in private files, and keeps it', async () => {
  const dataDirectory = await workshop.newDataDirectory();
  const holder = await workshop.hold(dataDirectory);
  expect(holder.isFirstStart).toBe(true);
  const [row] = await query(
    holder.adminUrl,
    `SELECT pg_encoding_to_char(encoding) AS encoding, datlocprovider AS provider, datlocale AS locale,
            pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = 'ashlar'`,
  );
  expect(row).toEqual({ encoding: 'UTF8', provider: 'b', locale: 'C.UTF-8', owner: 'ashlar_owner' });

  await query(holder.ownerUrl, `CREATE TABLE actors (name text); INSERT INTO actors VALUES ('MÜLLER')`);
  const rights = async (name: string) => ((await stat(join(dataDirectory, name))).mode & 0o777).toString(8);
  expect(await rights('.')).toBe(process.getuid?.() === 0 ? '711' : '700');
  for (const name of ['cluster', 'members', 'sockets']) expect(await rights(name)).toBe('700');
  for (const name of ['credentials.json', 'server.log']) expect(await rights(name)).toBe('600');
  const names = ['cluster', 'credentials.json', 'members', 'server.log', 'sockets'];
  expect((await readdir(dataDirectory)).toSorted()).toEqual(names);

  await holder.close();
  await withDatabase(dataDirectory, async (database) => {
    expect(database.isFirstStart).toBe(false);
    expect(await query(database.url, 'SELECT name FROM actors')).toEqual([{ name: 'MÜLLER' }]);
  });
});

test('lets the owner make what the app role uses, and lets the app role make nothing', async () => {
  const dataDirectory = await workshop.newDataDirectory();
  await withDatabase(dataDirectory, async (database) => {
    await query(
      database.ownerUrl,
      `CREATE EXTENSION pg_trgm; CREATE EXTENSION citext; CREATE SCHEMA auth;
       CREATE TABLE auth.actors (id int GENERATED ALWAYS AS IDENTITY, name text);
       CREATE SEQUENCE auth.numbers; CREATE FUNCTION auth.one() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
    );
    await query(
      database.url,
      `INSERT INTO auth.actors (name) VALUES ('müller'); UPDATE auth.actors SET name = upper(name)`,
    );
    expect(await query(database.url, `SELECT name, auth.one(), nextval('auth.numbers') AS n FROM auth.actors`)).toEqual(
      [{ name: 'MÜLLER', one: 1, n: '1' }],
    );
    const refused = { code: '42501' };
    await expect(query(database.url, 'CREATE TABLE auth.mine ()')).rejects.toMatchObject(refused);
    await expect(query(database.url, 'CREATE TABLE public.mine ()')).rejects.toMatchObject(refused);
    await expect(query(database.url, 'CREATE SCHEMA mine')).rejects.toMatchObject(refused);
    await expect(query(database.url, 'CREATE TEMP TABLE mine ()')).rejects.toMatchObject(refused);
    await expect(query(database.url, 'TRUNCATE auth.actors')).rejects.toMatchObject(refused);
    await expect(query(database.url, 'DROP TABLE auth.actors')).rejects.toMatchObject(refused);

    await query(database.adminUrl, 'CREATE DATABASE copy TEMPLATE ashlar OWNER ashlar_owner');
    const copyOf = (url: string) => url.replace(/ashlar$/, 'copy');
    await query(copyOf(database.ownerUrl), 'CREATE TABLE auth.later (id int)');
    expect(await query(copyOf(database.url), 'SELECT * FROM auth.later')).toEqual([]);
  });
});

test('takes the configured port, and names it when another program has it', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const address = other.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const dataDirectory = await workshop.newDataDirectory();
  await expect(openEmbeddedPostgres({ dataDirectory, log, port })).rejects.toMatchObject({
    code: 'EMBEDDED_DATABASE_PORT_TAKEN',
    message: expect.stringContaining(`127.0.0.1:${port}`),
  });
  await new Promise((resolve) => other.close(resolve));
  const database = await openEmbeddedPostgres({ dataDirectory, log, port });
  expect(new URL(database.url).port).toBe(String(port));
  await database.close();
});

test('is not hindered by a half-made database or a lock file of nonsense', async () => {
  const dataDirectory = await workshop.newDataDirectory();
  const draft = join(dataDirectory, 'initialising-1', 'cluster');
  await mkdir(draft, { recursive: true });
  await writeFile(join(draft, 'PG_VERSION'), '18\n');
  await writeFile(join(dataDirectory, 'credentials.json'), '{"admin"');
  await writeFile(join(dataDirectory, 'lock'), '\u0000\u0000 nonsense');
  await utimes(join(dataDirectory, 'lock'), 0, 0);
  await withDatabase(dataDirectory, async (database) => {
    expect(database.isFirstStart).toBe(true);
    expect(await query(database.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(await readdir(dataDirectory)).not.toContain('initialising-1');
  });
});

test('takes over the lock of a process that ended, though its pid lives again', async () => {
  const dataDirectory = await workshop.newDataDirectory();
  const claim = await createClaim();
  await mkdir(dataDirectory, { recursive: true });
  await writeFile(join(dataDirectory, 'lock'), JSON.stringify({ ...claim, startTime: '1' }));
  await withDatabase(dataDirectory, async (database) => expect(database.isFirstStart).toBe(true));
});

const refusal = (dataDirectory: string, user?: string) => openEmbeddedPostgres({ dataDirectory, log, user });

test('refuses with the way out: data of another major version', async () => {
  const dataDirectory = await workshop.newDataDirectory();
  const cluster = join(dataDirectory, 'cluster');
  await withDatabase(dataDirectory, () => Promise.resolve());
  await writeFile(join(cluster, 'PG_VERSION'), '17\n');
  await expect(refusal(dataDirectory)).rejects.toMatchObject({
    code: 'EMBEDDED_DATABASE_INCOMPATIBLE',
    kind: 'conflict',
    message: expect.stringMatching(/PostgreSQL 17 .* brings PostgreSQL 18, .*: start the Ashlar release that wrote it/),
  });
  expect(await readFile(join(cluster, 'PG_VERSION'), 'utf8')).toBe('17\n');
});

test('refuses with the way out: files that are no data of PostgreSQL, which stay untouched', async () => {
  const dataDirectory = await workshop.newDataDirectory();
  const precious = join(dataDirectory, 'cluster', 'precious');
  await mkdir(join(precious, '..'), { recursive: true, mode: 0o755 });
  await writeFile(precious, 'mine');
  const error = await refusal(dataDirectory).catch((thrown: unknown) => thrown);
  const codes = ['EMBEDDED_DATABASE_INCOMPATIBLE', 'EMBEDDED_DATABASE_USER'];
  expect(codes).toContain(error instanceof Error && 'code' in error ? error.code : error);
  expect(await readFile(precious, 'utf8')).toBe('mine');
});

test('refuses with the way out: a path that leads through a file', async () => {
  const path = join(await workshop.newDataDirectory(), '../file/data');
  await writeFile(dirname(path), '');
  await expect(refusal(path)).rejects.toMatchObject({
    code: 'EMBEDDED_DATABASE_DIRECTORY',
    message: expect.stringContaining(path),
  });
});

test('refuses with the way out: passwords that are lost', async () => {
  const dataDirectory = await workshop.newDataDirectory();
  await withDatabase(dataDirectory, () => Promise.resolve());
  await writeFile(join(dataDirectory, 'credentials.json'), 'nonsense');
  await expect(refusal(dataDirectory)).rejects.toMatchObject({
    message: expect.stringContaining(join(dataDirectory, 'credentials.json')),
  });
});

test('refuses with the way out: a configured account that does not exist', async () => {
  const dataDirectory = await workshop.newDataDirectory();
  await expect(refusal(dataDirectory, 'nobody-of-this-name')).rejects.toMatchObject({
    code: 'EMBEDDED_DATABASE_USER',
    message: expect.stringContaining('nobody-of-this-name'),
  });
});

test('refuses with the way out: one that a process on another machine keeps touching, by lock or by membership', async () => {
  const dataDirectory = await workshop.newDataDirectory();
  await mkdir(join(dataDirectory, 'members'), { recursive: true });
  const elsewhere = JSON.stringify({ ...(await createClaim()), host: 'far-away', bootId: 'another', pid: 4711 });
  for (const name of ['lock', 'members/1.json']) {
    const path = join(dataDirectory, name);
    await writeFile(path, elsewhere);
    const touching = setInterval(() => void utimes(path, new Date(), new Date()), 50);
    await expect(refusal(dataDirectory)).rejects.toMatchObject({
      code: 'EMBEDDED_DATABASE_BUSY',
      kind: 'conflict',
      message: expect.stringContaining('process 4711 on far-away'),
    });
    clearInterval(touching);
    await utimes(path, 0, 0);
  }
  await withDatabase(dataDirectory, async (database) => expect(database.isFirstStart).toBe(true));
});
