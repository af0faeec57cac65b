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

test('tries again what another moment may heal, with the same id', async ({ app }) => {
  const ids: string[] = [];
  const { contract, usecase } = buildTask('flaky', { queue: newId(), retry: soon }, async ({ taskId, attempt }) => {
    ids.push(taskId);
    if (attempt < 3) throw unavailable();
  });
  app.work([usecase]);
  const id = await app.enqueue(contract);
  await eventually('three attempts', () => ids.length === 3);
  expect(ids).toEqual([id, id, id]);
});

test('waits as long as the other end asks, even if that is longer than its own delay', async ({ app, sql }) => {
  const { contract, usecase } = buildTask('patient', { queue: newId(), retry: soon }, () =>
    Promise.reject(unavailable({ retryAfter: 120 })),
  );
  app.work([usecase]);
  const id = await app.enqueue(contract);
  const [row] = await eventually('it waits', async () => {
    const rows = await sql`
      select extract(epoch from run_at - now())::int as seconds, errors from kernel.tasks
      where id = ${id} and owner is null and attempt = 1`;
    return rows.length > 0 && rows;
  });
  expect(row?.['seconds']).toBeGreaterThan(110);
  expect(row?.['errors']).toMatchObject([{ attempt: 1, code: 'AWAY' }]);
});

test.for([
  ['attempts_exhausted', () => Promise.reject(unavailable())],
  ['attempts_exhausted', () => Promise.reject(new Error('a bug'))],
  ['not_retriable', () => Promise.reject(new AppError('GONE', { kind: 'not_found' }))],
  ['not_retriable', () => Promise.resolve('\0')],
  ['not_retriable', () => Promise.resolve('x'.repeat(20_000))],
  ['timed_out', ({ signal }: { signal: AbortSignal }) => delay(60_000, null, { signal })],
] as const)('a dead task says %s', async ([reason, execute], { app, sql }) => {
  const head = { queue: newId(), retry: { attempts: 2, baseDelaySeconds: 0.01 }, timeoutSeconds: 0.05 };
  const { contract, usecase } = buildTask('doomed', head, execute);
  app.work([usecase]);
  const id = await app.enqueue(contract);
  const [dead] = await eventually('it dies', async () => {
    const rows = await sql`select * from kernel.task_dead where task_id = ${id}`;
    return rows.length > 0 && rows;
  });
  expect(dead).toMatchObject({ reason });
  expect(await sql`select from kernel.tasks where id = ${id}`).toHaveLength(0);
});

test('a payload that the release of today refuses is dead at once', async ({ app, sql }) => {
  const { contract, usecase } = buildTask('changed', { queue: newId() }, () => Promise.resolve());
  const id = await app.enqueue(contract, {});
  await sql`update kernel.tasks set payload = '[]' where id = ${id}`;
  app.work([usecase]);
  await eventually('it dies', async () => {
    const rows = await sql`select from kernel.task_dead where task_id = ${id} and reason = 'payload_invalid'`;
    return rows.length > 0;
  });
});

test('leaves a task that it does not know to others, for an hour', async ({ app, sql }) => {
  const queue = newId();
  const known = buildTask('known', { queue }, () => Promise.resolve());
  const unknown = { ...known.contract, name: 'test.unheard-of' };
  const young = await app.enqueue(unknown);
  const old = await app.enqueue(unknown);
  await sql`update kernel.tasks set created_at = now() - interval '61 minutes' where id = ${old}`;
  app.work([known.usecase]);
  await eventually('the old one dies', async () => {
    const rows = await sql`select from kernel.task_dead where task_id = ${old} and reason = 'unknown_task'`;
    return rows.length > 0;
  });
  await eventually('the young one waits', async () => {
    const rows = await sql`
      select from kernel.tasks where id = ${young} and owner is null and attempt = 0 and run_at > now()`;
    return rows.length > 0;
  });
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

test('a dead task at the head of a group frees it, unless its head says that it blocks', async ({ app, sql }) => {
  const seen: string[] = [];
  const run = (name: string, onDead: 'free' | 'block') =>
    buildTask(name, { queue: newId(), onDead }, async (_ctx, { bad }) => {
      if (bad === true) throw new AppError('BAD', { kind: 'invalid' });
      seen.push(name);
    });
  const [frees, blocks] = [run('frees', 'free'), run('blocks', 'block')];
  for (const { contract } of [frees, blocks]) {
    await app.enqueue(contract, { bad: true }, { groupKey: 'g' });
    await app.enqueue(contract, {}, { groupKey: 'g' });
  }
  app.work([frees.usecase, blocks.usecase]);
  await eventually('the free one', () => seen.length === 1);
  await eventually('both dead', async () => {
    const dead =
      await sql`select from kernel.task_dead where queue in ${sql([frees.contract.queue, blocks.contract.queue])}`;
    return dead.length === 2;
  });
  expect(seen).toEqual(['frees']);
  const left = await sql`select run_at::text from kernel.tasks where queue = ${blocks.contract.queue} order by seq`;
  expect(left.map(({ run_at: runAt }) => runAt === 'infinity')).toEqual([true, false]);
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

test('a worker that is told to stop gives back what it could not finish, and the attempt does not count', async ({
  app,
  sql,
}) => {
  const started = Promise.withResolvers<void>();
  const { contract, usecase } = buildTask('long', { queue: newId() }, async ({ signal }) => {
    started.resolve();
    await delay(60_000, null, { signal });
  });
  const worker = app.work([usecase]);
  const id = await app.enqueue(contract);
  await started.promise;
  await worker.close({ deadlineSeconds: 1 });
  expect(await sql`select owner, attempt from kernel.tasks where id = ${id}`).toEqual([{ owner: null, attempt: 0 }]);
  expect(await sql`select from kernel.processes where id = ${worker.processId}`).toHaveLength(0);
});
