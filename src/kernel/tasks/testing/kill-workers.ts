import type { Sql } from 'postgres';
import { expect } from 'vitest';

import { buildTask, eventually, type openTaskApp } from './open-task-app.ts';
import type { Victims } from './victims.ts';

/** The task that `victim.ts` runs. */
export const effectTask = buildTask('effect', { queue: 'kill' }, () => Promise.resolve()).contract;

type World = {
  readonly app: Pick<Awaited<ReturnType<typeof openTaskApp>>, 'database' | 'tasks'>;
  readonly sql: Sql;
  readonly victims: Victims;
};

type Scale = {
  readonly kills: number;
  /** A multiple of 10. */
  readonly tasksPerKill: number;
};

/**
 * Enqueues tasks, half of them in groups, kills the oldest worker once some are done while another one takes over,
 * and so on. Fails unless each task has had its effect once, and those of a group in their order.
 */
export const killWorkers = async ({ app, sql, victims }: World, { kills, tasksPerKill }: Scale): Promise<void> => {
  const left = async () => Number((await sql`select count(*) from kernel.tasks`)[0]?.['count']);
  let n = 0;
  // A start takes longer than the work of a round, so the next two are on their way.
  const coming = [victims.start(), victims.start(), victims.start()];
  for (let round = 0; round < kills; round += 1) {
    const doomed = await coming.shift();
    if (round + coming.length < kills) coming.push(victims.start());
    for (let batch = 0; batch < 10; batch += 1) {
      const items = Array.from({ length: tasksPerKill / 10 }, () => ({
        payload: { n: (n += 1), group: `g${n % 7}` },
        options: n % 2 === 0 ? {} : { groupKey: `g${n % 7}` },
      }));
      await app.database.transaction((tx) => app.tasks.enqueueMany(tx, effectTask, items));
    }
    const before = await left();
    await eventually('some of it is done', async () => (await left()) < before - 5 || (await left()) === 0);
    if (doomed) await victims.kill(doomed);
  }
  await eventually('everything is done', async () => (await left()) === 0, 120);
  await expectEachOnce(sql, kills * tasksPerKill);
};

const expectEachOnce = async (sql: Sql, accepted: number): Promise<void> => {
  const effects = await sql`select n, group_key, task_id from public.effects order by seq`;
  expect(effects).toHaveLength(accepted);
  expect(new Set(effects.map((row) => row['n'])).size).toBe(accepted);
  const orders = Map.groupBy(
    effects.filter((row) => row['n'] % 2 === 1),
    (row) => row['group_key'],
  );
  for (const rows of orders.values()) {
    const numbers = rows.map((row) => Number(row['n']));
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  }
  expect(await sql`select from kernel.task_dead`).toHaveLength(0);
};
