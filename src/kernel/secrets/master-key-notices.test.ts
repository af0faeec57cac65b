import { expect } from 'vitest';

import { openFeedProcess } from '#kernel/feed/testing/open-feed-process.ts';
import { buildLog, noKeys } from '#test/build.ts';
import { test } from '#test/database.ts';
import { openMasterKeyNotices } from './master-key-notices.ts';
import { createRotation } from './rotation.ts';
import { openSecrets } from './secrets.ts';

const keyOf = (byte: number): string => Buffer.alloc(32, byte).toString('base64');
const [onlyOld, both] = [{ masterKey: keyOf(1) }, { masterKey: keyOf(2), previousMasterKey: keyOf(1) }];

/** A running process with these keys. */
const start = async (url: string, source: object) => {
  const { database, feed, presence, close } = await openFeedProcess({ url });
  const opened = await openSecrets({ ...noKeys, ...source }, database);
  const logged: Record<string, unknown>[] = [];
  const notices = openMasterKeyNotices({
    ...opened,
    feed,
    processId: presence.processId,
    database,
    log: buildLog(logged),
    patienceMs: 1000,
  });
  const rotation = createRotation({ ...opened, database, notices });
  const begin = () => database.transaction((tx) => rotation.begin(tx, []));
  return { ...opened, rotation, begin, logged, close };
};

test('a process that lacks the new key is named before it seals, and everybody seals with it within a second', async ({
  databaseUrl,
}) => {
  const old = await start(databaseUrl, onlyOld);
  const [one, other] = await Promise.all([start(databaseUrl, both), start(databaseUrl, both)]);
  expect(await one.rotation.findUnprepared()).toEqual([expect.stringMatching(/^test on \S+, pid \d+$/)]);
  await old.close();
  await expect.poll(() => one.rotation.findUnprepared(), { timeout: 10_000 }).toEqual([]);

  const former = one.secrets.keyId;
  expect(await one.begin()).toBe('begun');
  await expect.poll(() => other.secrets.keyId, { timeout: 1000, interval: 20 }).toBe(other.keyring.newest.keyId);
  expect(other.secrets.keyId).not.toBe(former);
  expect((await one.rotation.finish([])).behind).toEqual([]);
  await Promise.all([one, other].map(({ close }) => close()));
});

test('a process that cannot follow is named, and says so itself', { timeout: 30_000 }, async ({ databaseUrl, sql }) => {
  await sql`delete from kernel.root_secret`;
  const old = await start(databaseUrl, onlyOld);
  const one = await start(databaseUrl, both);
  await one.begin();
  const { behind } = await one.rotation.finish([]);
  expect(behind).toEqual([expect.stringMatching(/^test on /)]);
  expect(old.logged[0]).toMatchObject({ msg: expect.stringContaining('this process does not have') });
  expect(old.secrets.keyId).not.toBe(one.secrets.keyId);
  await Promise.all([one, old].map(({ close }) => close()));
});
