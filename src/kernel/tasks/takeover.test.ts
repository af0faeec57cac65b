import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { expect } from 'vitest';

import { openSession } from '#kernel/database/open-session.ts';
import { test as base } from '#test/database.ts';
import { buildTask, eventually, openTaskApp } from './testing/open-task-app.ts';

const victim = fileURLToPath(new URL('testing/victim.ts', import.meta.url));

const test = base
  .extend('app', { scope: 'file' }, async ({ databaseUrl }, { onCleanup }) => {
    const app = await openTaskApp(databaseUrl);
    onCleanup(() => app.close());
    return app;
  })
  .extend('victims', async ({ databaseUrl, sql }, { onCleanup }) => {
    const children = new Set<ChildProcess>();
    const role = new URL(databaseUrl).username;
    await sql.unsafe(
      'create table if not exists public.effects (task_id uuid primary key, group_key text, n int, seq serial)',
    );
    await sql.unsafe(`grant all on public.effects, public.effects_seq_seq to ${role}`);
    onCleanup(() => children.forEach((child) => child.kill('SIGKILL')));
    return {
      start: async () => {
        const child = fork(victim, [databaseUrl]);
        children.add(child);
        await once(child, 'message');
        return child;
      },
      kill: async (child: ChildProcess) => {
        child.kill('SIGKILL');
        children.delete(child);
        await once(child, 'exit');
      },
    };
  });

const contract = buildTask('effect', { queue: 'kill' }, () => Promise.resolve()).contract;
const kills = 12;

test(
  'workers are killed again and again: every task has its effect once, groups in order',
  { timeout: 180_000 },
  async ({ app, sql, victims }) => {
    const perRound = 150;
    const left = async () => Number((await sql`select count(*) from kernel.tasks`)[0]?.['count']);
    let n = 0;
    let standing = await victims.start();
    for (let round = 0; round < kills; round += 1) {
      const doomed = await victims.start();
      for (let batch = 0; batch < 10; batch += 1) {
        const items = Array.from({ length: perRound / 10 }, () => ({
          payload: { n: (n += 1), group: `g${n % 7}` },
          options: n % 2 === 0 ? {} : { groupKey: `g${n % 7}` },
        }));
        await app.database.transaction((tx) => app.tasks.enqueueMany(tx, contract, items));
      }
      const before = await left();
      await eventually('some of it is done', async () => (await left()) < before - 5 || (await left()) === 0);
      await victims.kill(standing);
      standing = doomed;
    }
    await eventually('everything is done', async () => (await left()) === 0, 60);

    const effects = await sql`select n, group_key, task_id from public.effects order by seq`;
    expect(effects).toHaveLength(kills * perRound);
    expect(new Set(effects.map((row) => row['n'])).size).toBe(kills * perRound);
    const orders = Map.groupBy(
      effects.filter((row) => row['n'] % 2 === 1),
      (row) => row['group_key'],
    );
    for (const rows of orders.values()) {
      const numbers = rows.map((row) => Number(row['n']));
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }
    expect(await sql`select from kernel.task_dead`).toHaveLength(0);
  },
);

test('what a killed worker had in hand begins again within a second', async ({ app, sql, databaseUrl, victims }) => {
  const holder = await victims.start();
  const queue = 'takeover';
  const owner = await eventually('it is registered', async () => {
    const [row] = await sql<{ id: string }[]>`select id from kernel.processes where pid = ${holder.pid ?? 0}`;
    return row?.id;
  });
  const id = await app.enqueue({ ...contract, queue }, { n: 0 });
  await sql`update kernel.tasks set owner = ${owner}, epoch = 1, attempt = 1 where id = ${id}`;
  const begun = Promise.withResolvers<number>();
  const { usecase } = buildTask('effect', { queue }, async () => begun.resolve(performance.now()));
  app.work([usecase], { url: databaseUrl });
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
