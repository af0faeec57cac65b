import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { expect } from 'vitest';

import type { openSession } from '#kernel/database/open-session.ts';
import { eventually } from '#kernel/tasks/testing/open-task-app.ts';

const program = fileURLToPath(new URL('manager-process.ts', import.meta.url));
const wrongHours = [1, -1, 0];

type Sql = Awaited<ReturnType<typeof openSession>>['sql'];
type World = { readonly databaseUrl: string; readonly sql: Sql; readonly children: Set<ChildProcess> };

/**
 * Three managers, whose clocks are an hour fast, an hour slow, and right, follow the schedules of `manager-process.ts`;
 * the oldest is killed, another one starts, and so on. Fails unless each slot, from the first one on, has fired once.
 */
export const raceManagers = async ({ databaseUrl, sql, children }: World, kills: number): Promise<void> => {
  const start = async (n: number) => {
    const child = fork(program, [databaseUrl, String(wrongHours[n % wrongHours.length])]);
    children.add(child);
    await once(child, 'message');
  };
  const kill = async () => {
    const [oldest] = children;
    if (oldest === undefined) throw new Error('nobody is left to kill');
    children.delete(oldest);
    oldest.kill('SIGKILL');
    await once(oldest, 'exit');
  };
  await Promise.all(wrongHours.map((_, n) => start(n)));
  for (let n = 0; n < kills; n += 1) {
    await untilFiring(sql);
    await Promise.all([kill(), start(n)]);
  }
  await untilFiring(sql);
  while (children.size > 0) await kill();

  for (const id of ['test.raced-a', 'test.raced-b']) await expectEachOnce(sql, id);
};

const untilFiring = async (sql: Sql): Promise<void> => {
  const count = async () =>
    Number((await sql`select count(*) from kernel.schedule_fires where schedule_id = 'test.raced-a'`)[0]?.['count']);
  const before = await count();
  await eventually('slots go on firing', async () => (await count()) >= before + 5);
};

const expectEachOnce = async (sql: Sql, id: string): Promise<void> => {
  const fires = await sql<{ slot: number; task_id: string; lag: number }[]>`
    select extract(epoch from slot)::float8 * 1000 as slot, task_id,
      extract(epoch from fired_at - slot)::float8 as lag
    from kernel.schedule_fires where schedule_id = ${id} order by slot`;
  const slots = fires.map(({ slot }) => slot);
  expect(slots.length).toBeGreaterThan(10);
  expect(slots).toEqual(slots.map((_, n) => (slots[0] ?? 0) + n * 100));
  const tasks = await sql<{ id: string; slot: string }[]>`
    select id, payload ->> 'slot' as slot from kernel.tasks where queue = ${id} order by slot`;
  expect(tasks.map(({ slot }) => Date.parse(slot))).toEqual(slots);
  expect(new Set(tasks.map((task) => task.id))).toEqual(new Set(fires.map((fire) => fire.task_id)));
  // By the clock of PostgreSQL, whatever the managers believed.
  for (const { lag } of fires) expect(Math.abs(lag)).toBeLessThan(60);
};
