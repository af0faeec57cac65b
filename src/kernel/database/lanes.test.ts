import { sql } from 'drizzle-orm';
import { describe, expect, onTestFinished, vi } from 'vitest';

import { buildLog, noMetrics, noTelemetry } from '#test/build.ts';
import { test } from '#test/database.ts';

import { openDatabase } from './open-database.ts';
import { prepared, type Slots } from './prepared.ts';
import { openProxy } from './testing/open-proxy.ts';

const one = prepared('test.one', () => sql<{ one: number }>`select 1 as one`);
const sleep = prepared(
  'test.sleep',
  (_db, value: Slots<{ seconds: number }>) => sql`select pg_sleep(${value.seconds})`,
);
const unavailable = { code: 'DATABASE_UNAVAILABLE', kind: 'unavailable' };

const openBehindProxy = async (url: string) => {
  const proxy = await openProxy(url);
  const lines: Record<string, unknown>[] = [];
  const options = { log: buildLog(lines), metrics: noMetrics, telemetry: noTelemetry };
  const database = await openDatabase({ url: proxy.url, ...options });
  onTestFinished(async () => {
    await database.close();
    await proxy.close();
  });
  return { proxy, database, lines };
};

const timed = async (promise: Promise<unknown>) => {
  const startedAt = performance.now();
  const error: unknown = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return { error, ms: performance.now() - startedAt };
};

describe('lanes', () => {
  test('answer a short statement while a long one runs', async ({ database }) => {
    const slow = timed(sleep(database.lanes, { seconds: 0.4 }));
    expect((await timed(one(database.lanes))).ms).toBeLessThan(300);
    expect((await slow).error).toBeNull();
  });

  test('end a statement after 2 s', async ({ database }) => {
    expect((await timed(sleep(database.lanes, { seconds: 5 }))).error).toMatchObject({ code: '57014' });
  });

  test('let a statement that needs a lock wait elsewhere, so that nobody waits behind it', async ({
    database,
    sql: owner,
  }) => {
    await owner`create table lane_lock (id int)`;
    const held = Promise.withResolvers<void>();
    const holding = owner.begin(async (holder) => {
      await holder`lock table lane_lock`;
      await held.promise;
    });
    await vi.waitUntil(
      async () =>
        (
          await database.lanes.execute(
            sql`select 1 from pg_locks where mode = 'AccessExclusiveLock' and relation = 'lane_lock'::regclass`,
          )
        ).length > 0,
    );
    const waiting = timed(database.lanes.execute(sql`select from lane_lock`));
    await vi.waitUntil(() => database.usage.transactions.busy === 1, { timeout: 1000, interval: 10 });
    expect((await timed(one(database.lanes))).ms).toBeLessThan(90);
    held.resolve();
    expect((await waiting).error).toBeNull();
    await holding;
  });

  test('fail everything in flight when the server goes, say so at once, and come back with it', async ({
    databaseUrl,
  }) => {
    const { proxy, database, lines } = await openBehindProxy(databaseUrl);
    const inFlight = Array.from({ length: 500 }, () => timed(sleep(database.lanes, { seconds: 0.01 })));
    await vi.waitUntil(() => database.usage.lanes.inFlight > 400, { timeout: 1000, interval: 1 });
    proxy.cut();
    const failures = (await Promise.all(inFlight)).filter(({ error }) => error !== null);
    expect(failures.length).toBeGreaterThan(100);
    for (const { error } of failures) expect(error).toMatchObject(unavailable);
    await vi.waitUntil(() => !database.isUp, { timeout: 1000, interval: 10 });
    await expect(database.ping()).rejects.toMatchObject(unavailable);
    proxy.restore();
    await vi.waitUntil(() => database.isUp, { timeout: 2000, interval: 10 });
    await database.ping();
    expect(await one(database.lanes)).toEqual([{ one: 1 }]);
    expect(lines.map(({ msg }) => msg)).toEqual(
      expect.arrayContaining([expect.stringContaining('PostgreSQL is lost'), 'PostgreSQL is back']),
    );
  });

  test('let statements wait for half a second after a loss, then refuse them at once', async ({ databaseUrl }) => {
    const { proxy, database } = await openBehindProxy(databaseUrl);
    proxy.cut();
    await vi.waitUntil(() => !database.isUp, { timeout: 1000, interval: 1 });
    const patient = await timed(one(database.lanes));
    expect(patient).toMatchObject({ error: unavailable });
    expect(patient.ms).toBeLessThan(700);
    const later = await timed(one(database.lanes));
    expect(later).toMatchObject({ error: unavailable });
    expect(later.ms).toBeLessThan(100);
    await expect(database.transaction(() => Promise.resolve(1))).rejects.toMatchObject(unavailable);
  });

  test('serve a statement that waited through a short restart', async ({ databaseUrl }) => {
    const { proxy, database } = await openBehindProxy(databaseUrl);
    proxy.cut();
    await vi.waitUntil(() => !database.isUp, { timeout: 1000, interval: 1 });
    const waiting = one(database.lanes);
    proxy.restore();
    expect(await waiting).toEqual([{ one: 1 }]);
  });

  test(
    'find a silent server by ping within a second, and replace lanes that hang',
    { timeout: 10_000 },
    async ({ databaseUrl }) => {
      const { proxy, database, lines } = await openBehindProxy(databaseUrl);
      await database.ping();
      proxy.freeze();
      const hanging = timed(one(database.lanes));
      await vi.waitUntil(() => timed(database.ping()).then(({ error }) => error !== null), {
        timeout: 1000,
        interval: 10,
      });
      expect(await hanging).toMatchObject({ error: unavailable });
      proxy.restore();
      await vi.waitUntil(() => timed(database.ping()).then(({ error }) => error === null), {
        timeout: 8000,
        interval: 100,
      });
      expect(lines.map(({ msg }) => msg)).toContain('a database lane answers no more: replaced');
    },
  );
});

describe('the start', () => {
  const options = { log: buildLog(), metrics: noMetrics, telemetry: noTelemetry, startTimeoutMs: 300 };

  test('says which server it could not reach, without the password', async () => {
    const url = 'postgres://someone:very-secret@127.0.0.1:1/somewhere';
    const failure: unknown = await openDatabase({ url, ...options }).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({
      ...unavailable,
      message: expect.stringContaining('postgres://someone@127.0.0.1:1/somewhere'),
    });
    expect(JSON.stringify(failure)).not.toContain('very-secret');
  });

  test('does not insist when the server refuses the password', async ({ databaseUrl }) => {
    const wrong = Object.assign(new URL(databaseUrl), { password: 'wrong' }).href;
    const refused = await timed(openDatabase({ url: wrong, ...options, startTimeoutMs: 5000 }));
    expect(refused).toMatchObject({ error: { message: expect.stringContaining('password authentication failed') } });
    expect(refused.ms).toBeLessThan(1000);
  });

  test('waits for a server that is still starting', async ({ databaseUrl }) => {
    const proxy = await openProxy(databaseUrl);
    proxy.cut();
    const opening = openDatabase({ url: proxy.url, ...options, startTimeoutMs: 5000 });
    setTimeout(() => proxy.restore(), 400);
    const database = await opening;
    expect(await one(database.lanes)).toEqual([{ one: 1 }]);
    await database.close();
    await proxy.close();
  });

  test('refuses what is no PostgreSQL address', async () => {
    await expect(openDatabase({ url: 'mysql://u@h/d', ...options })).rejects.toMatchObject({
      code: 'DATABASE_URL_INVALID',
    });
  });
});
