import { expect } from 'vitest';
import { z } from 'zod';

import { newId } from '#kernel/ids.ts';
import { test as base } from '#test/database.ts';
import { buildTask, eventually, loose, openTaskApp } from './testing/open-task-app.ts';

const test = base.extend('app', { scope: 'file' }, async ({ databaseUrl }, { onCleanup }) => {
  const app = await openTaskApp(databaseUrl);
  onCleanup(() => app.close());
  return app;
});

/** In a queue that nobody serves. */
const buildContract = () => ({ name: 'test.idle', payload: loose, queue: newId() });

test('runs nothing of a transaction that was rolled back', async ({ app, sql }) => {
  const contract = buildContract();
  const work = app.database.transaction(async (tx) => {
    await app.tasks.enqueue(tx, contract, {});
    throw new Error('changed its mind');
  });
  await expect(work).rejects.toThrow('changed its mind');
  expect(await sql`select from kernel.tasks where queue = ${contract.queue}`).toHaveLength(0);
});

test.for([
  ['a payload that does not fit the contract', { count: 'many' }],
  ['U+0000', { count: 1, text: '\0' }],
  ['half a surrogate pair', { count: 1, text: '\ud800' }],
  ['more than 64 KB', { count: 1, text: 'x'.repeat(65_536) }],
] as const)('refuses %s when it is enqueued, and nothing is written', async ([, payload], { app, sql }) => {
  const count = z.unknown().refine((value) => typeof value === 'number');
  const contract = { name: 'test.strict', payload: z.object({ count, text: z.string().optional() }), queue: newId() };
  const enqueue = app.database.transaction(async (tx) => app.tasks.enqueue(tx, contract, payload));
  await expect(enqueue).rejects.toThrow('INPUT_INVALID');
  expect(await sql`select from kernel.tasks where queue = ${contract.queue}`).toHaveLength(0);
});

test('keeps the task that waits under a unique key, and answers its id', async ({ app, sql }) => {
  const contract = buildContract();
  const first = await app.enqueue(contract, { n: 1 }, { uniqueKey: 'k' });
  const second = await app.enqueue(contract, { n: 2 }, { uniqueKey: 'k' });
  expect(second).toBe(first);
  expect(await sql`select payload from kernel.tasks where queue = ${contract.queue}`).toEqual([{ payload: { n: 1 } }]);
});

test('replaces what a waiting task will do', async ({ app, sql }) => {
  const contract = buildContract();
  const first = await app.enqueue(contract, { n: 1 }, { uniqueKey: 'k', priority: 9 });
  const options = { uniqueKey: 'k', onConflict: 'replace', priority: 1 } as const;
  expect(await app.enqueue(contract, { n: 2 }, options)).toBe(first);
  const rows = await sql`select payload, priority from kernel.tasks where queue = ${contract.queue}`;
  expect(rows).toEqual([{ payload: { n: 2 }, priority: 1 }]);
});

test('rejects a second task if it is told to, also within enqueueMany', async ({ app, sql }) => {
  const contract = buildContract();
  const options = { uniqueKey: 'k', onConflict: 'reject' } as const;
  const ids = await app.database.transaction((tx) =>
    app.tasks.enqueueMany(tx, contract, [
      { payload: { n: 1 }, options },
      { payload: { n: 2 } },
      { payload: { n: 3 }, options },
    ]),
  );
  expect(ids).toEqual([expect.any(String), expect.any(String), null]);
  expect(await sql`select from kernel.tasks where queue = ${contract.queue}`).toHaveLength(2);
});

test('runs a running task once more when it is asked for again, with the newest payload', async ({ app }) => {
  const seen: unknown[] = [];
  const gate = Promise.withResolvers<void>();
  const { contract, usecase } = buildTask('again', { queue: 'again' }, async (_ctx, { n }) => {
    seen.push(n);
    if (n === 1) await gate.promise;
  });
  const worker = app.work([usecase]);
  const first = await app.enqueue(contract, { n: 1 }, { uniqueKey: 'k' });
  await eventually('it runs', () => seen.length === 1);

  expect(await app.enqueue(contract, { n: 2 }, { uniqueKey: 'k' })).toBe(first);
  expect(await app.enqueue(contract, { n: 3 }, { uniqueKey: 'k' })).toBe(first);
  gate.resolve();

  await eventually('it runs again', () => seen.length === 2);
  expect(seen).toEqual([1, 3]);
  await worker.close({ deadlineSeconds: 6 });
});

test('numbers the tasks of a group in the order of the commits, not of the inserts', async ({ app, sql }) => {
  const contract = buildContract();
  const gate = Promise.withResolvers<void>();
  const enqueue = (n: number, before: () => Promise<void>) =>
    app.database.transaction(async (tx) => {
      await app.tasks.enqueue(tx, contract, { n }, { groupKey: 'g' });
      await before();
    });
  const slow = enqueue(1, () => gate.promise);
  await enqueue(2, () => Promise.resolve());
  gate.resolve();
  await slow;
  const rows = await sql`select payload from kernel.tasks where queue = ${contract.queue} order by seq`;
  expect(rows.map(({ payload }) => payload)).toEqual([{ n: 2 }, { n: 1 }]);
});

test('two transactions over the same groups in opposite order both commit', async ({ app, sql }) => {
  const contract = buildContract();
  const enqueue = (keys: readonly string[]) =>
    app.database.transaction(async (tx) => {
      for (const groupKey of keys) await app.tasks.enqueue(tx, contract, {}, { groupKey });
    });
  await Promise.all(Array.from({ length: 20 }, (_, n) => enqueue(n % 2 === 0 ? ['a', 'b'] : ['b', 'a'])));
  expect(await sql`select from kernel.tasks where queue = ${contract.queue}`).toHaveLength(40);
});
