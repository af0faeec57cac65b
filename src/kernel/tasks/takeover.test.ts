import { once } from 'node:events';

import { expect } from 'vitest';

import { openSession } from '#kernel/database/open-session.ts';
import { test as base } from '#test/database.ts';
import { effectTask, killWorkers } from './testing/kill-workers.ts';
import { buildTask, eventually, openTaskApp } from './testing/open-task-app.ts';
import { openVictims } from './testing/victims.ts';

const test = base
  .extend('app', { scope: 'file' }, async ({ databaseUrl }, { onCleanup }) => {
    const app = await openTaskApp(databaseUrl);
    onCleanup(() => app.close());
    return app;
  })
  .extend('victims', async ({ databaseUrl, sql }, { onCleanup }) => {
    const { close, ...victims } = await openVictims(databaseUrl, sql);
    onCleanup(close);
    return victims;
  });

test(
  'workers are killed again and again: every task has its effect once, groups in order',
  { timeout: 180_000 },
  ({ app, sql, victims }) => killWorkers({ app, sql, victims }, { kills: 12, tasksPerKill: 150 }),
);

test('what a killed worker had in hand begins again within a second', async ({ app, sql, victims }) => {
  const holder = await victims.start();
  const queue = 'takeover';
  const owner = await eventually('it is registered', async () => {
    const [row] = await sql<{ id: string }[]>`select id from kernel.processes where pid = ${holder.pid ?? 0}`;
    return row?.id;
  });
  const id = await app.enqueue({ ...effectTask, queue }, { n: 0 });
  await sql`update kernel.tasks set owner = ${owner}, epoch = 1, attempt = 1 where id = ${id}`;
  const begun = Promise.withResolvers<number>();
  const { usecase } = buildTask('effect', { queue }, async () => begun.resolve(performance.now()));
  app.work([usecase]);
  await eventually('the other worker lives', async () => {
    const rows = await sql`select from kernel.processes where queues @> array[${queue}]`;
    return rows.length > 0;
  });

  const killedAt = performance.now();
  await victims.kill(holder);

  expect((await begun.promise) - killedAt).toBeLessThan(1_000);
});

test('a process that was taken for dead changes nothing, and begins anew', async ({ app, sql }) => {
  const started = Promise.withResolvers<AbortSignal>();
  let runs = 0;
  const { contract: mine, usecase } = buildTask('silent', { queue: 'silent' }, async ({ signal }) => {
    runs += 1;
    started.resolve(signal);
    if (runs === 1) await once(signal, 'abort');
  });
  const worker = app.work([usecase]);
  const id = await app.enqueue(mine);
  const signal = await started.promise;

  await sql`delete from kernel.processes where id = ${worker.processId}`;
  await sql`update kernel.tasks set owner = null, run_at = now() where id = ${id}`;

  await eventually('it is told that it lost its task', () => signal.aborted);
  await eventually('it registers and runs it again', () => runs === 2);
  await eventually('the task is done', async () => (await sql`select from kernel.tasks where id = ${id}`).length === 0);
});

test('frees at once what PostgreSQL believes to be claimed by a connection that was lost', async ({
  app,
  sql,
  databaseUrl,
}) => {
  const seen: unknown[] = [];
  const { contract: mine, usecase } = buildTask('lost', { queue: 'lost' }, async (_ctx, { n }) => void seen.push(n));
  const worker = app.work([usecase]);
  await app.enqueue(mine, { n: 1 });
  await eventually('it runs', () => seen.length === 1);
  const id = await app.enqueue(mine, { n: 2 }, { runAt: new Date(Date.now() + 3_600_000) });
  await sql`update kernel.tasks set owner = ${worker.processId}, epoch = 1, attempt = 1, run_at = now() where id = ${id}`;
  const session = await openSession({ url: databaseUrl, name: 'test' });
  await session.sql`
    select pg_terminate_backend(l.pid) from pg_locks l join kernel.processes p on l.objid = p.lock_key::oid
    where l.locktype = 'advisory' and p.id = ${worker.processId}`;
  await session.close();
  await eventually('the claim that nobody heard of runs', () => seen.length === 2);
});
