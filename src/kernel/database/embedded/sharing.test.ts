import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { openEmbeddedPostgres, stopEmbeddedPostgres } from './open-embedded-postgres.ts';
import { inspectPostmaster } from './postmaster.ts';
import { openWorkshop, silentLog as log } from './testing/workshop.ts';

const workshop = openWorkshop();
afterAll(() => workshop.close());

const pidOfServer = async (dataDirectory: string): Promise<number | null> => {
  const postmaster = await inspectPostmaster(join(dataDirectory, 'cluster'));
  return postmaster.kind === 'ready' ? postmaster.process.pid : null;
};

test('of three processes that start at once one sets up, all share one server, and the last to leave stops it', async () => {
  const dataDirectory = await workshop.newDataDirectory();
  const holders = await Promise.all([1, 2, 3].map(() => workshop.hold(dataDirectory)));
  expect(holders.filter(({ isFirstStart }) => isFirstStart)).toHaveLength(1);
  expect(new Set(holders.map(({ url }) => url)).size).toBe(1);
  const pid = await pidOfServer(dataDirectory);
  expect(pid).not.toBeNull();

  const [first, second, third] = holders;
  await first?.close();
  expect(await pidOfServer(dataDirectory)).toBe(pid);
  await second?.kill();
  expect(await pidOfServer(dataDirectory)).toBe(pid);
  await third?.close();
  expect(await inspectPostmaster(join(dataDirectory, 'cluster'))).toEqual({ kind: 'absent' });
});

test('one process may open it several times, and close each time twice', async () => {
  const dataDirectory = await workshop.newDataDirectory();
  const [one, two] = await Promise.all([
    openEmbeddedPostgres({ dataDirectory, log }),
    openEmbeddedPostgres({ dataDirectory, log }),
  ]);
  await Promise.all([one.close(), one.close()]);
  expect(await pidOfServer(dataDirectory)).not.toBeNull();
  await two.close();
  expect(await pidOfServer(dataDirectory)).toBeNull();
});

test('a stop on demand leaves a server in use alone, and ends one whose processes were killed', async () => {
  const dataDirectory = await workshop.newDataDirectory();
  expect(await stopEmbeddedPostgres({ dataDirectory, log })).toBe('not_running');
  const holder = await workshop.hold(dataDirectory);
  expect(await stopEmbeddedPostgres({ dataDirectory, log })).toBe('in_use');
  await holder.kill();
  expect(await pidOfServer(dataDirectory)).not.toBeNull();
  expect(await stopEmbeddedPostgres({ dataDirectory, log })).toBe('stopped');
  expect(await stopEmbeddedPostgres({ dataDirectory, log })).toBe('not_running');
});
