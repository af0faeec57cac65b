import { once } from 'node:events';
import { access, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import postgres from 'postgres';
import { afterAll, expect, test } from 'vitest';

import { openEmbeddedPostgres } from './open-embedded-postgres.ts';
import { poll } from './poll.ts';
import { inspectPostmaster } from './postmaster.ts';
import { findPostgresIn, isRunning, readProcess } from './processes.ts';
import { openWorkshop, silentLog as log } from './testing/workshop.ts';

const workshop = openWorkshop();
afterAll(() => workshop.close());

const clusterIn = (dataDirectory: string): string => join(dataDirectory, 'cluster');

const serverOf = async (dataDirectory: string) => {
  const postmaster = await inspectPostmaster(clusterIn(dataDirectory));
  if (postmaster.kind !== 'ready') throw new Error(`the server is ${postmaster.kind}`);
  return postmaster.process;
};

const within = async <T>(ask: () => Promise<T | null>): Promise<T> => {
  const answer = await poll(ask, { everyMs: 10, deadlineMs: 15_000 });
  if (answer === null) throw new Error('it did not happen within 15 s');
  return answer;
};

const answers = async (url: string): Promise<true | null> => {
  const sql = postgres(url, { max: 1, connect_timeout: 2 });
  try {
    await sql`SELECT 1`;
    return true;
  } catch {
    return null; // not back yet
  } finally {
    await sql.end({ timeout: 0 });
  }
};

/** A server without any of our processes, as a power cut or `kill -9` of everything leaves it. */
const leaveDeadServer = async (): Promise<string> => {
  const dataDirectory = await workshop.newDataDirectory();
  const holder = await workshop.hold(dataDirectory);
  const server = await serverOf(dataDirectory);
  await holder.kill();
  process.kill(server.pid, 'SIGKILL');
  await within(async () => ((await findPostgresIn(clusterIn(dataDirectory))).length === 0 ? true : null));
  return dataDirectory;
};

test('a server outlives the killed process that started it, and the next process adopts it', async () => {
  const dataDirectory = await workshop.newDataDirectory();
  const holder = await workshop.hold(dataDirectory);
  const server = await serverOf(dataDirectory);
  await holder.kill();
  const database = await openEmbeddedPostgres({ dataDirectory, log });
  expect(database).toMatchObject({ isFirstStart: false, url: holder.url });
  expect(await serverOf(dataDirectory)).toEqual(server);
  expect(await answers(database.url)).toBe(true);
  await database.close();
  expect(await isRunning(server)).toBe(false);
  expect(await readdir(join(dataDirectory, 'members'))).toEqual([]);
});

test('a killed server comes back at the same address, though a busy backend of it lives on', async () => {
  const dataDirectory = await workshop.newDataDirectory();
  const [database, other] = await Promise.all([
    openEmbeddedPostgres({ dataDirectory, log }),
    workshop.hold(dataDirectory),
  ]);
  const server = await serverOf(dataDirectory);
  const sql = postgres(database.url, { max: 1 });
  const [backend] = await sql`SELECT pg_backend_pid() AS pid`;
  const busy = sql`SELECT count(*) FROM generate_series(1, 100000000000)`.catch((error: unknown) => error);
  const watching = postgres(database.adminUrl, { max: 1 });
  await within(async () => {
    const active = await watching`SELECT 1 FROM pg_stat_activity WHERE pid = ${backend?.['pid']} AND state = 'active'`;
    return active.length === 1 ? true : null;
  });
  await watching.end();
  const orphan = await readProcess(Number(backend?.['pid']));
  expect(orphan).not.toBeNull();

  process.kill(server.pid, 'SIGKILL');
  await within(() => answers(database.url));
  expect((await serverOf(dataDirectory)).pid).not.toBe(server.pid);
  expect(orphan && (await isRunning(orphan))).toBe(false);
  expect(await busy).toBeInstanceOf(Error);
  await sql.end({ timeout: 0 });

  await other.close();
  expect(await answers(database.url)).toBe(true);
  await database.close();
});

test('a pid that was given to another program is neither adopted nor signalled', async () => {
  const dataDirectory = await leaveDeadServer();
  const stranger = workshop.startProcess('/bin/sleep', ['600']);
  await replacePid(dataDirectory, stranger.pid);
  const database = await openEmbeddedPostgres({ dataDirectory, log });
  expect((await serverOf(dataDirectory)).pid).not.toBe(stranger.pid);
  expect(await answers(database.url)).toBe(true);
  await database.close();
  expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
});

test('the pid of a zombie is not taken for a server', async () => {
  const dataDirectory = await leaveDeadServer();
  // `exec` replaces the shell that would have waited for its child by a program that never does.
  const parent = workshop.startProcess('/bin/sh', ['-c', '/bin/sleep 0 & echo $!; exec /bin/sleep 600']);
  const [output] = await once(parent.stdout ?? parent, 'data');
  const pid = Number(String(output).trim());
  await within(async () => ((await readProcess(pid))?.isZombie ? true : null));
  await replacePid(dataDirectory, pid);
  const database = await openEmbeddedPostgres({ dataDirectory, log });
  expect(await answers(database.url)).toBe(true);
  await database.close();
});

test('an empty postmaster.pid, as a full disk leaves it, does not keep the server from starting', async () => {
  const dataDirectory = await leaveDeadServer();
  await writeFile(join(clusterIn(dataDirectory), 'postmaster.pid'), '');
  const database = await openEmbeddedPostgres({ dataDirectory, log });
  expect(await answers(database.url)).toBe(true);
  await database.close();
});

test('a first start that is killed midway leaves nothing half, and the next one succeeds', async () => {
  const dataDirectory = await workshop.newDataDirectory();
  const holder = workshop.startHolder(dataDirectory);
  await within(async () => {
    const names = await readdir(dataDirectory).catch(() => []);
    const draft = names.find((name) => name.startsWith('initialising-'));
    return draft === undefined
      ? null
      : access(join(dataDirectory, draft, 'cluster', 'base')).then(
          () => true,
          () => null,
        );
  });
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  const database = await openEmbeddedPostgres({ dataDirectory, log });
  expect(database.isFirstStart).toBe(true);
  expect(await answers(database.url)).toBe(true);
  expect((await readdir(dataDirectory)).toSorted()).toEqual([
    'cluster',
    'credentials.json',
    'members',
    'server.log',
    'sockets',
  ]);
  await database.close();
});

const replacePid = async (dataDirectory: string, pid: number | undefined): Promise<void> => {
  const path = join(clusterIn(dataDirectory), 'postmaster.pid');
  const [, ...rest] = (await readFile(path, 'utf8')).split('\n');
  await writeFile(path, [pid, ...rest].join('\n'));
};
