import { sql } from 'drizzle-orm';
import { describe, expect, onTestFinished, vi } from 'vitest';

import { newId } from '#kernel/ids.ts';
import { buildLog, noMetrics, noTelemetry } from '#test/build.ts';
import { test as base } from '#test/database.ts';

import type { Tx } from './database.ts';
import { openDatabase } from './open-database.ts';
import { prepared, type Slots } from './prepared.ts';
import { openProxy } from './testing/open-proxy.ts';

const insert = prepared(
  'test.insert',
  (_db, value: Slots<{ name: string }>) => sql`insert into ledger.entries values (${value.name})`,
);
const find = prepared(
  'test.find',
  (_db, value: Slots<{ name: string }>) =>
    sql<{ name: string }>`select name from ledger.entries where name = ${value.name}`,
);
const sleep = (tx: Tx) => tx.execute(sql`select pg_sleep(20)`);
const conflict = (tx: Tx) => tx.execute(sql`do $$ begin raise exception 'clash' using errcode = '40001'; end $$`);

const test = base.extend('entries', { scope: 'file' }, async ({ sql: owner }) => {
  await owner.unsafe('create schema ledger; create table ledger.entries (name text primary key)');
  return 'ledger.entries';
});

const open = async (url: string, transactions: number) => {
  const proxy = await openProxy(url);
  const options = { log: buildLog(), metrics: noMetrics, telemetry: noTelemetry, transactions };
  const database = await openDatabase({ url: proxy.url, ...options });
  onTestFinished(async () => {
    await database.close();
    await proxy.close();
  });
  return { proxy, database };
};

describe('a transaction', () => {
  test('commits the value of fn, and nothing of an fn that throws', async ({ database, entries: _entries }) => {
    const [kept, dropped] = [newId(), newId()];
    const value = await database.transaction(async (tx) => {
      await insert(tx, { name: kept });
      return 42;
    });
    expect(value).toBe(42);
    const failing = database.transaction(async (tx) => {
      await insert(tx, { name: dropped });
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    expect(await find(database.lanes, { name: kept })).toHaveLength(1);
    expect(await find(database.lanes, { name: dropped })).toHaveLength(0);
  });

  test('runs what waits for its end before the commit, in order, and what follows it after', async ({
    database,
    entries: _entries,
  }) => {
    const name = newId();
    const order: string[] = [];
    await database.transaction(async (tx) => {
      tx.afterCommit(() => order.push('after'));
      tx.beforeCommit(() => insert(tx, { name }).then(() => void order.push('first')));
      tx.beforeCommit(() => Promise.resolve(void order.push('second')));
      order.push('work');
      await Promise.resolve();
    });
    expect(order).toEqual(['work', 'first', 'second', 'after']);
    expect(await find(database.lanes, { name })).toHaveLength(1);
  });

  test('rolls back when what waits for its end fails, and then nothing follows', async ({
    database,
    entries: _entries,
  }) => {
    const name = newId();
    let isFollowed = false;
    const failing = database.transaction(async (tx) => {
      tx.beforeCommit(() => Promise.reject(new Error('no lock')));
      tx.afterCommit(() => {
        isFollowed = true;
      });
      await insert(tx, { name });
    });
    await expect(failing).rejects.toThrow('no lock');
    expect(await find(database.lanes, { name })).toHaveLength(0);
    expect(isFollowed).toBe(false);
  });

  test('sends what goes with the commit behind everything else, in one round trip with it', async ({
    database,
    entries: _entries,
  }) => {
    const [early, late] = [newId(), newId()];
    const order: string[] = [];
    await database.transaction(async (tx) => {
      tx.afterCommit(() => order.push('committed'));
      tx.withCommit(() => {
        order.push('sent');
        return insert(tx, { name: late });
      });
      tx.beforeCommit(() => Promise.resolve(void order.push('before')));
      await insert(tx, { name: early });
    });
    expect(order).toEqual(['before', 'sent', 'committed']);
    expect(await find(database.lanes, { name: late })).toHaveLength(1);
  });

  test('rolls back with the error of what goes with the commit, and runs again if that was a deadlock', async ({
    database,
    entries: _entries,
  }) => {
    const name = newId();
    const failing = database.transaction(async (tx) => {
      tx.withCommit(() => insert(tx, { name }));
      await insert(tx, { name });
    });
    await expect(failing).rejects.toMatchObject({ code: '23505' });
    expect(await find(database.lanes, { name })).toHaveLength(0);

    let runs = 0;
    await database.transaction((tx) => {
      runs += 1;
      if (runs < 3) tx.withCommit(() => conflict(tx));
      return Promise.resolve();
    });
    expect(runs).toBe(3);
  });

  test('knows whether it has changed anything: not by a lock, nor by a statement that found nothing', async ({
    database,
    entries: _entries,
  }) => {
    const name = newId();
    const changesBy = (...texts: readonly string[]) =>
      database.transaction(async (tx) => {
        for (const one of texts) await tx.execute(sql.raw(one));
        return tx.hasChanged;
      });
    const found = 'select name from ledger.entries for update';
    expect(await changesBy()).toBe(false);
    expect(await changesBy(found, `update ledger.entries set name = 'x' where name = '${name}'`)).toBe(false);
    expect(await changesBy(`insert into ledger.entries values ('${name}')`)).toBe(true);
    expect(await changesBy(found, `delete from ledger.entries where name = '${name}'`, 'select 1')).toBe(true);
    expect(await changesBy(`with new as (insert into ledger.entries values ('${name}')) select 1`)).toBe(true);
  });

  test('runs fn again after a serialization failure, three times at most', async ({ database, entries: _entries }) => {
    const name = newId();
    let runs = 0;
    await database.transaction(async (tx) => {
      runs += 1;
      await insert(tx, { name });
      if (runs < 4) await conflict(tx);
    });
    expect(runs).toBe(4);
    expect(await find(database.lanes, { name })).toHaveLength(1);
    await expect(database.transaction(conflict)).rejects.toMatchObject({ code: '40001' });
  });

  test('survives a deadlock of two, each of which runs in the end', async ({
    database,
    sql: owner,
    entries: _entries,
  }) => {
    const [a, b] = [newId(), newId()];
    await owner`insert into ledger.entries values (${a}), (${b})`;
    const lock = (tx: Tx, name: string) => tx.execute(sql`select from ledger.entries where name = ${name} for update`);
    const [left, right] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const both = ([first, second]: readonly [string, string], mine: typeof left, other: typeof left) =>
      database.transaction(async (tx) => {
        await lock(tx, first);
        mine.resolve();
        await other.promise;
        await lock(tx, second);
        return first;
      });
    const runs = [both([a, b], left, right), both([b, a], right, left)];
    expect(await Promise.all(runs)).toEqual([a, b]);
  });

  test('is not committed when a statement in it failed, even if fn hides that', async ({
    database,
    entries: _entries,
  }) => {
    const name = newId();
    const hiding = database.transaction(async (tx) => {
      await insert(tx, { name });
      await insert(tx, { name }).catch(() => undefined);
    });
    await expect(hiding).rejects.toThrow('PostgreSQL rolled the transaction back');
    expect(await find(database.lanes, { name })).toHaveLength(0);
  });

  test('is over when fn ends: a statement that was not awaited reaches no other transaction', async ({
    database,
    entries: _entries,
  }) => {
    const { leaked } = await database.transaction((tx) => Promise.resolve({ leaked: tx }));
    await expect(insert(leaked, { name: newId() })).rejects.toThrow('is over');
  });

  test('refuses another transaction inside it', async ({ database }) => {
    await expect(database.transaction((tx) => tx.transaction(() => Promise.resolve(1)))).rejects.toThrow(
      'holds no other one',
    );
  });

  test('ends with the reason of its signal, writes nothing, and gives its connection back', async ({
    databaseUrl,
    sql: owner,
    entries: _entries,
  }) => {
    const { database } = await open(databaseUrl, 1);
    const name = newId();
    const controller = new AbortController();
    const reason = new Error('the caller is gone');
    const running = database.transaction(
      async (tx) => {
        await insert(tx, { name });
        setTimeout(() => controller.abort(reason), 50);
        await sleep(tx);
      },
      { signal: controller.signal },
    );
    await expect(running).rejects.toBe(reason);
    expect(await database.transaction((tx) => find(tx, { name }))).toHaveLength(0);
    const busy = () =>
      owner`select 1 from pg_stat_activity where datname = current_database() and query like '%pg_sleep(20)%' and state = 'active' and pid <> pg_backend_pid()`;
    await vi.waitUntil(async () => (await busy()).length === 0, { timeout: 4000, interval: 50 });
  });

  test('does not begin for a caller who is gone already', async ({ database }) => {
    const begun = vi.fn();
    const signal = AbortSignal.abort(new Error('too late'));
    await expect(database.transaction(begun, { signal })).rejects.toThrow('too late');
    expect(begun).not.toHaveBeenCalled();
  });

  test('whose commit got no answer is an error, never a success, and does not run again', async ({
    databaseUrl,
    entries: _entries,
  }) => {
    const { proxy, database } = await open(databaseUrl, 1);
    const name = newId();
    let runs = 0;
    const running = database.transaction(async (tx) => {
      runs += 1;
      await insert(tx, { name });
      proxy.freeze();
      setTimeout(() => proxy.cut(), 100);
    });
    await expect(running).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      message: expect.stringContaining('whether the change was made is unknown'),
    });
    expect(runs).toBe(1);
  });

  test('waits in a line of 200 for a connection; who comes later is refused at once', async ({ databaseUrl }) => {
    const { database } = await open(databaseUrl, 1);
    const hold = Promise.withResolvers<void>();
    const inLine = Array.from({ length: 201 }, () => database.transaction(() => hold.promise));
    await vi.waitUntil(() => database.usage.transactions.waiting === 200, { timeout: 2000, interval: 5 });
    await expect(database.transaction(() => hold.promise)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    hold.resolve();
    await Promise.all(inLine);
    expect(database.usage.transactions).toEqual({ open: 1, busy: 0, waiting: 0 });
  });

  test('leaves the line when its signal fires', async ({ databaseUrl }) => {
    const { database } = await open(databaseUrl, 1);
    const hold = Promise.withResolvers<void>();
    const first = database.transaction(() => hold.promise);
    const controller = new AbortController();
    const waiting = database.transaction(() => Promise.resolve(1), { signal: controller.signal });
    await vi.waitUntil(() => database.usage.transactions.waiting === 1, { timeout: 2000, interval: 5 });
    controller.abort(new Error('tired of waiting'));
    await expect(waiting).rejects.toThrow('tired of waiting');
    hold.resolve();
    await first;
  });

  test('takes a new connection after the idle ones were lost', async ({ databaseUrl, entries: _entries }) => {
    const { proxy, database } = await open(databaseUrl, 2);
    await database.transaction((tx) => insert(tx, { name: newId() }));
    proxy.cut();
    await vi.waitUntil(() => !database.isUp, { timeout: 1000, interval: 5 });
    proxy.restore();
    const name = newId();
    await database.transaction((tx) => insert(tx, { name }));
    expect(await find(database.lanes, { name })).toHaveLength(1);
  });
});
