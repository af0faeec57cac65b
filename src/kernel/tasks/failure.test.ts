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

test('a cancelled task is told by its signal, and completes nothing more', async ({ app, sql }) => {
  const started = Promise.withResolvers<AbortSignal>();
  const { contract, usecase } = buildTask('cancelled', { queue: newId() }, async ({ signal }) => {
    started.resolve(signal);
    await delay(60_000, null, { signal });
  });
  app.work([usecase]);
  const id = (await app.enqueue(contract)) ?? '';
  const signal = await started.promise;
  await app.database.transaction((tx) => app.tasks.cancel(tx, id));
  await eventually('it is told', () => signal.aborted);
  expect(await sql`select from kernel.task_results where task_id = ${id}`).toHaveLength(0);
});

test(
  'a slot whose handler ignores its end is lost; four of them say that the process should be replaced',
  { timeout: 30_000 },
  async ({ app }) => {
    let isExhausted = false;
    const gate = Promise.withResolvers<void>();
    const head = { queue: newId(), timeoutSeconds: 0.05, retry: { attempts: 1, baseDelaySeconds: 1 } };
    const { contract, usecase } = buildTask('deaf', head, () => gate.promise);
    const worker = app.work([usecase], {
      onExhausted: () => {
        isExhausted = true;
      },
    });
    for (let n = 0; n < 4; n += 1) await app.enqueue(contract);
    await eventually('it says so', () => isExhausted, 15);
    gate.resolve();
    await worker.close({ deadlineSeconds: 6 });
  },
);
