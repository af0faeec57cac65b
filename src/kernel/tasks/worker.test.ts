import { setTimeout as delay } from 'node:timers/promises';

import { expect } from 'vitest';

import { AppError } from '#kernel/error.ts';
import { newId } from '#kernel/ids.ts';
import { test as base } from '#test/database.ts';
import { buildTask, eventually, openTaskApp } from './testing/open-task-app.ts';

const test = base.extend('app', { scope: 'file' }, async ({ databaseUrl }, { onCleanup }) => {
  const app = await openTaskApp(databaseUrl);
  onCleanup(() => app.close());
  return app;
});

const unavailable = (details = {}) => new AppError('AWAY', { kind: 'unavailable', details });
const soon = { attempts: 3, baseDelaySeconds: 0.01 };

test('runs what was committed, keeps its result, and forgets the task', async ({ app, sql }) => {
  const seen: unknown[] = [];
  const { contract, usecase } = buildTask('hello', { queue: newId() }, async (ctx, payload) => {
    seen.push({ payload, attempt: ctx.attempt, taskId: ctx.taskId });
    return { greeted: payload['name'] };
  });
  app.work([usecase]);

  const id = await app.enqueue(contract, { name: 'Ada' });

  const [row] = await eventually('a result', async () => {
    const rows = await sql`select * from kernel.task_results where task_id = ${id}`;
    return rows.length > 0 && rows;
  });
  expect(row).toMatchObject({ name: 'test.hello', attempt: 1, result: { greeted: 'Ada' } });
  expect(seen).toEqual([{ payload: { name: 'Ada' }, attempt: 1, taskId: id }]);
  expect(await sql`select from kernel.tasks where id = ${id}`).toHaveLength(0);
});

test('ends the task and its effect in one transaction, or neither', async ({ app, sql }) => {
  const queue = newId();
  const { contract, usecase } = buildTask('effect', { queue, retry: soon }, (ctx) =>
    ctx.transaction(async (tx) => {
      await ctx.completeIn(tx, { ended: ctx.attempt });
      if (ctx.attempt === 1) throw unavailable();
    }),
  );
  app.work([usecase]);
  const id = await app.enqueue(contract);
  const [row] = await eventually('a result', async () => {
    const rows = await sql`select attempt, result from kernel.task_results where task_id = ${id}`;
    return rows.length > 0 && rows;
  });
  expect(row).toEqual({ attempt: 2, result: { ended: 2 } });
  expect(await sql`select from kernel.tasks where id = ${id}`).toHaveLength(0);
});

test('rolls back the effect of a run that somebody else has taken over', async ({ app, sql }) => {
  const outcomes: unknown[] = [];
  const { contract, usecase } = buildTask(
    'fenced',
    { queue: newId(), retry: { attempts: 1, baseDelaySeconds: 1 } },
    async (ctx) => {
      await sql`update kernel.tasks set epoch = epoch + 1, owner = ${newId()} where id = ${ctx.taskId}`;
      await ctx.transaction(async (tx) => ctx.completeIn(tx)).catch((error: unknown) => outcomes.push(error));
    },
  );
  app.work([usecase]);
  const id = await app.enqueue(contract);
  await eventually('it is refused', () => outcomes.length === 1);
  expect(outcomes[0]).toMatchObject({ code: 'TASK_TAKEN_OVER' });
  expect(await sql`select from kernel.tasks where id = ${id}`).toHaveLength(1);
});

test('shows the newest progress while it runs, and forgets it at the end', async ({ app, sql }) => {
  const gate = Promise.withResolvers<void>();
  const { contract, usecase } = buildTask('slow', { queue: newId() }, async (ctx) => {
    ctx.progress(10, 'begun');
    ctx.progress(140, 'nearly');
    await gate.promise;
  });
  app.work([usecase]);
  const id = await app.enqueue(contract);
  const progress = () => sql`select percent, note from kernel.task_progress where task_id = ${id}`;
  await eventually('its progress', async () => (await progress()).length > 0);
  expect(await progress()).toEqual([{ percent: 100, note: 'nearly' }]);
  gate.resolve();
  await eventually('its end', async () => (await progress()).length === 0);
});

test('runs 0 before 9, and nothing before its time', async ({ app }) => {
  const seen: unknown[] = [];
  const { contract, usecase } = buildTask('ordered', { queue: newId() }, async (_ctx, { n }) => void seen.push(n));
  await app.enqueue(contract, { n: 'last' }, { priority: 9 });
  await app.enqueue(contract, { n: 'first' }, { priority: 0 });
  await app.enqueue(contract, { n: 'later' }, { priority: 0, runAt: new Date(Date.now() + 700) });
  app.work([usecase], { slots: { database: 1, network: 1, cache: 1, background: 1 } });
  await eventually('all three', () => seen.length === 3);
  expect(seen).toEqual(['first', 'last', 'later']);
});

test('runs a group one at a time in order, though a head fails and others run beside it', async ({ app }) => {
  const seen: Record<string, number[]> = { a: [], b: [] };
  let busy = 0;
  const { contract, usecase } = buildTask('grouped', { queue: newId(), retry: soon }, async (ctx, { group, n }) => {
    if (group === 'a') busy += 1;
    expect(busy).toBeLessThanOrEqual(1);
    try {
      await delay(Math.random() * 3, null, { signal: ctx.signal });
      if (Number(n) % 3 === 0 && ctx.attempt === 1) throw unavailable();
      seen[String(group)]?.push(Number(n));
    } finally {
      if (group === 'a') busy -= 1;
    }
  });
  for (const n of [0, 1, 2, 3, 4, 5, 6, 7]) {
    for (const group of ['a', 'b']) await app.enqueue(contract, { group, n }, { groupKey: group });
  }
  app.work([usecase]);
  app.work([usecase]);
  await eventually('both groups', () => seen['a']?.length === 8 && seen['b']?.length === 8, 20);
  expect(seen).toEqual({ a: [0, 1, 2, 3, 4, 5, 6, 7], b: [0, 1, 2, 3, 4, 5, 6, 7] });
});

test('two workers never run one task twice', async ({ app }) => {
  const runs = new Map<unknown, number>();
  const { contract, usecase } = buildTask('shared', { queue: newId(), keep: 'none' }, async (_ctx, { n }) => {
    runs.set(n, (runs.get(n) ?? 0) + 1);
  });
  app.work([usecase]);
  app.work([usecase]);
  const total = 5_000;
  for (let from = 0; from < total; from += 500) {
    const items = Array.from({ length: 500 }, (_, n) => ({ payload: { n: from + n } }));
    await app.database.transaction((tx) => app.tasks.enqueueMany(tx, contract, items));
  }
  await eventually('all of them', () => runs.size === total);
  expect([...runs.values()].every((count) => count === 1)).toBe(true);
});

test('finds a task whose transaction committed late, behind others that were run meanwhile', async ({ app }) => {
  const seen = new Set<unknown>();
  const { contract, usecase } = buildTask('late', { queue: newId() }, async (_ctx, { n }) => void seen.add(n));
  app.work([usecase]);
  const gate = Promise.withResolvers<void>();
  const slow = app.database.transaction(async (tx) => {
    await app.tasks.enqueue(tx, contract, { n: 'slow' });
    await gate.promise;
  });
  for (const n of [1, 2, 3]) await app.enqueue(contract, { n });
  await eventually('the fast ones', () => seen.size === 3);
  gate.resolve();
  await slow;
  await eventually('the slow one', () => seen.has('slow'));
});

test('a paused queue begins nothing, and goes on when it is resumed', async ({ app, sql }) => {
  const seen: unknown[] = [];
  const queue = newId();
  const { contract, usecase } = buildTask('paused', { queue }, async (_ctx, { n }) => void seen.push(n));
  await sql`insert into kernel.queues (name, paused_at) values (${queue}, now())`;
  app.work([usecase]);
  await app.enqueue(contract, { n: 1 });
  await app.enqueue(contract, { n: 2 }, { groupKey: 'g' });
  await eventually('the worker has looked', async () => {
    const rows =
      await sql`select from kernel.processes where queues @> array[${queue}] and seen_at > started_at + interval '1 second'`;
    return rows.length > 0;
  });
  expect(seen).toEqual([]);
  await sql`delete from kernel.queues where name = ${queue}`;
  app.tasks.wakes.announce([{ queue, runMs: 0, inMs: 0, isGrouped: true }]);
  await eventually('both', () => seen.length === 2);
});

test('tells another process of new work at once', async ({ app, databaseUrl }) => {
  const other = await openTaskApp(databaseUrl);
  const seen: unknown[] = [];
  const { contract, usecase } = buildTask(
    'elsewhere',
    { queue: newId() },
    async () => void seen.push(performance.now()),
  );
  const worker = other.work([usecase]);
  await other.enqueue(contract);
  await eventually('it works', () => seen.length === 1);
  const at = performance.now();
  await app.enqueue(contract);
  await eventually('the notice arrives', () => seen.length === 2);
  // Far below the poll's five seconds.
  expect(Number(seen[1]) - at).toBeLessThan(2_000);
  await worker.close({ deadlineSeconds: 6 });
  await other.close();
});
