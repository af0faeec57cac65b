import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect } from 'vitest';

import { buildLog, noKeys, noMetrics, noTelemetry } from '#test/build.ts';
import { test as databaseTest } from '#test/database.ts';
import { detectPooler } from '../database/detect-pooler.ts';
import { findDatabaseFacts } from '../database/facts.ts';
import { openDatabase } from '../database/open-database.ts';
import { createSealer } from '../secrets/sealer.ts';
import { openSecrets } from '../secrets/secrets.ts';
import { examineKeys } from './examine-keys.ts';
import { examineWork } from './examine-work.ts';
import { judgeDatabase } from './judge-database.ts';

const test = databaseTest.extend('directory', { scope: 'test' }, async ({}, { onCleanup }) => {
  const directory = await mkdtemp(join(tmpdir(), 'ashlar-doctor-'));
  onCleanup(() => rm(directory, { recursive: true, force: true }));
  return directory;
});

test('a real database has its facts, and nothing is wrong with the embedded one', async ({ database, databaseUrl }) => {
  const facts = await findDatabaseFacts(database.lanes);
  expect(facts).toMatchObject({ encoding: 'UTF8', localeProvider: 'b', isSuperuser: false, isOwner: false });
  const isPooled = await detectPooler(databaseUrl);
  const surroundings = {
    pooler: 'none',
    isPooled,
    hasDirectUrl: true,
    connectionsPerProcess: 7,
    processes: 1,
  } as const;
  const bad = judgeDatabase({ ...facts, connections: 1 }, surroundings).filter(({ severity }) => severity === 'error');
  expect(bad).toEqual([]);
});

test('the role that owns the database is told from the one that runs', async ({ ownerUrl }) => {
  const owner = await openDatabase({ url: ownerUrl, log: buildLog(), metrics: noMetrics, telemetry: noTelemetry });
  try {
    expect(await findDatabaseFacts(owner.lanes)).toMatchObject({ isOwner: true });
  } finally {
    await owner.close();
  }
});

describe('the master key', () => {
  const tables = [{ table: 'auth.root_secret', column: 'sealed', id: 'id', version: 1 }];
  const keyOf = (byte: number) => Buffer.alloc(32, byte).toString('base64');

  test('is fine while nothing is sealed, and none is made', async ({ database, sql, directory }) => {
    await sql`delete from kernel.root_secret`;
    const generateAt = join(directory, 'master.key');
    expect(await examineKeys({ source: { ...noKeys, generateAt }, database, tables })).toMatchObject([
      { severity: 'ok' },
    ]);
    expect(existsSync(generateAt)).toBe(false);
  });

  test('is an error if it is another one, or is gone, and none is made', async ({ database, sql, directory }) => {
    await sql`delete from kernel.root_secret`;
    await openSecrets({ ...noKeys, masterKey: keyOf(1) }, database);
    const look = (source: object) => examineKeys({ source: { ...noKeys, ...source }, database, tables });
    expect(await look({ masterKey: keyOf(1) })).toMatchObject([{ severity: 'ok' }]);
    expect(await look({ masterKey: keyOf(2) })).toMatchObject([
      { severity: 'error', message: expect.stringContaining('MASTER_KEY_WRONG') },
    ]);
    const generateAt = join(directory, 'master.key');
    expect(await look({ generateAt })).toMatchObject([
      { severity: 'error', message: expect.stringContaining('MASTER_KEY_MISSING') },
    ]);
    expect(existsSync(generateAt)).toBe(false);
  });

  test('is a finding while values are left under a former one', async ({ database, sql }) => {
    await sql`delete from kernel.root_secret`;
    await openSecrets({ ...noKeys, masterKey: keyOf(1) }, database);
    const former = createSealer(Buffer.alloc(32, 7)).seal(Buffer.alloc(32), Buffer.alloc(0));
    await sql`insert into auth.root_secret (sealed) values (${former})`;
    try {
      expect(await examineKeys({ source: { ...noKeys, masterKey: keyOf(1) }, database, tables })).toMatchObject([
        { severity: 'warning', fix: expect.stringContaining('secrets rotate') },
      ]);
    } finally {
      await sql`delete from auth.root_secret`;
    }
  });
});

test('dead tasks and events are counted', async ({ database, sql }) => {
  expect(await examineWork(database.lanes)).toMatchObject([{ severity: 'ok' }]);
  await sql`
    insert into kernel.task_dead (task_id, queue, name, priority, payload, reason, attempt, errors, created_at)
    values (gen_random_uuid(), 'q', 'n', 5, '{}', 'not_retriable', 1, '[]', now())`;
  expect(await examineWork(database.lanes)).toMatchObject([
    { severity: 'warning', message: '1 tasks are dead', fix: expect.stringContaining('tasks list --state dead') },
  ]);
  await sql`
    insert into kernel.event_dead (subscription, event_id, name, xid, seq, payload, created_at, reason, attempt, errors)
    values ('s', gen_random_uuid(), 'n', 1, 1, '{}', now(), 'attempts_exhausted', 10, '[]')`;
  expect(await examineWork(database.lanes)).toMatchObject([
    { message: '1 tasks are dead' },
    { severity: 'warning', message: '1 events are dead', fix: expect.stringContaining('events lag') },
  ]);
});
