import type { ChildProcess } from 'node:child_process';

import { expect } from 'vitest';

import { eventually, openTaskApp } from '#kernel/tasks/testing/open-task-app.ts';
import { test as base } from '#test/database.ts';
import { createCalendar } from './calendar.ts';
import { type CronManager, openCronManager } from './cron-manager.ts';
import { fireDue, triggerSchedule } from './fire.ts';
import type { ScheduleDefinition } from './schedule-definition.ts';
import { buildSchedule, every } from './testing/build-schedule.ts';
import { raceManagers } from './testing/race-managers.ts';

const test = base
  .extend('app', { scope: 'file' }, async ({ databaseUrl }, { onCleanup }) => {
    const app = await openTaskApp(databaseUrl);
    onCleanup(() => app.close());
    return app;
  })
  .extend('follow', async ({ app: { database, tasks, log } }, { onCleanup }) => {
    const managers: CronManager[] = [];
    onCleanup(async () => {
      for (const manager of managers) await manager.close();
    });
    return (...schedules: readonly ScheduleDefinition[]): CronManager => {
      const manager = openCronManager({ database, tasks, log, schedules, random: () => 0.5 });
      managers.push(manager);
      return manager;
    };
  })
  .extend('look', async ({ sql }) => ({
    fires: (id: string) =>
      sql<{ slot: number | null; task_id: string | null }[]>`
        select extract(epoch from slot)::float8 * 1000 as slot, task_id from kernel.schedule_fires where schedule_id = ${id} order by schedule_fires.slot`,
    tasks: (id: string) =>
      sql<{ id: string; slot: string; late: number; group_key: string | null }[]>`
        select id, payload ->> 'slot' as slot, group_key,
          extract(epoch from run_at - (payload ->> 'slot')::timestamptz)::float8 as late from kernel.tasks where queue = ${id} order by slot`,
    row: async (id: string) => (await sql`select * from kernel.schedules where id = ${id}`)[0],
    /** As if nobody had looked for so long. */
    lag: (id: string, hours: number) =>
      sql`update kernel.schedules set cursor_at = now() - make_interval(secs => ${hours * 3_600}) where id = ${id}`,
  }));

test('a schedule begins when it is first seen, and fires each slot once', async ({ follow, look }) => {
  const schedule = buildSchedule('test.begins', { calendar: every(200), catchUp: 'all', overlap: 'allow' });
  const startedAt = Date.now();
  follow(schedule);
  const fires = await eventually('three slots', async () => {
    const rows = await look.fires(schedule.id);
    return rows.length >= 3 && rows;
  });
  const slots = fires.map(({ slot }) => slot ?? 0);
  expect(slots[0]).toBeGreaterThan(startedAt - 1_000);
  expect(slots).toEqual(slots.map((_, n) => (slots[0] ?? 0) + n * 200));
  const tasks = await look.tasks(schedule.id);
  expect(tasks.slice(0, 3).map(({ slot }) => Date.parse(slot))).toEqual(slots.slice(0, 3));
});

test(
  'three managers with wrong clocks, one killed after the other: each slot fires once, none is lost',
  { timeout: 120_000 },
  async ({ databaseUrl, sql, onTestFinished }) => {
    const children = new Set<ChildProcess>();
    onTestFinished(() => children.forEach((child) => child.kill('SIGKILL')));
    await raceManagers({ databaseUrl, sql, children }, 3);
  },
);

test.for([
  ['none', 0],
  ['latest', 1],
  ['all', 4],
] as const)(
  'after four hours in which nobody looked, %s fires %i of the slots',
  async ([catchUp, n], { app, follow, look }) => {
    // Quarter past: never within the minute in which `none` still fires.
    const away = (new Date().getUTCMinutes() + 30) % 60;
    const cron = `${away} * * * *`;
    const schedule = buildSchedule(`test.away-${catchUp}`, { catchUp, cron, calendar: createCalendar(cron, 'UTC') });
    await follow(schedule).close();
    await eventually('it is registered', () => look.row(schedule.id));
    await look.lag(schedule.id, 4);
    await fireDue({ ...app, random: Math.random }, schedule);
    const tasks = await look.tasks(schedule.id);
    expect(tasks).toHaveLength(n);
    for (const { slot } of tasks) expect(new Date(slot).getUTCMinutes()).toBe(away);
    // They stand in a group: what is caught up runs one after another.
    expect(new Set(tasks.map(({ group_key: key }) => key)).size).toBe(Math.min(n, 1));
    await fireDue({ ...app, random: Math.random }, schedule);
    expect(await look.tasks(schedule.id)).toHaveLength(n);
  },
);

test('a slot is left out while a task of an earlier one is unfinished, and noted', async ({ follow, look, sql }) => {
  const schedule = buildSchedule('test.slow', { calendar: every(100) });
  follow(schedule);
  await eventually('three slots', async () => (await look.fires(schedule.id)).length >= 3);
  const [task, ...others] = await look.tasks(schedule.id);
  expect(others).toEqual([]);
  expect((await look.fires(schedule.id)).slice(0, 3).map((fire) => fire.task_id)).toEqual([task?.id, null, null]);
  await sql`delete from kernel.tasks where queue = ${schedule.id}`;
  await eventually('the next one fires', async () => (await look.tasks(schedule.id))[0]?.id !== undefined);
});

test('a paused schedule does not fire, and what it missed is not caught up', async ({ app, follow, look, sql }) => {
  const schedule = buildSchedule('test.paused', { calendar: every(100), catchUp: 'all', overlap: 'allow' });
  follow(schedule);
  await eventually('it fires', async () => (await look.fires(schedule.id)).length > 0);
  await sql`update kernel.schedules set paused_at = now() where id = ${schedule.id}`;
  const before = (await look.fires(schedule.id)).length;
  await look.lag(schedule.id, 1);
  await fireDue({ ...app, random: Math.random }, schedule);
  expect(await look.fires(schedule.id)).toHaveLength(before);
});

test('a schedule that was changed begins anew: slots that it never had are not caught up', async ({ follow, look }) => {
  const schedule = buildSchedule('test.changed', { calendar: every(3_600_000) });
  await follow(schedule).close();
  await eventually('it is registered', () => look.row(schedule.id));
  await look.lag(schedule.id, 3);
  await follow({ ...schedule, cron: '5 * * * *' }).close();
  const row = await eventually('it is changed', async () => {
    const found = await look.row(schedule.id);
    return found?.['cron'] === '5 * * * *' && found;
  });
  expect(Date.now() - Date.parse(row['cursor_at'])).toBeLessThan(60_000);
  expect(await look.fires(schedule.id)).toEqual([]);
});

test('jitter delays the task, not the slot', async ({ follow, look }) => {
  const schedule = buildSchedule('test.jitter', { calendar: every(200), jitterSeconds: 600 });
  follow(schedule);
  const [task] = await eventually('a task', async () => {
    const tasks = await look.tasks(schedule.id);
    return tasks.length > 0 && tasks;
  });
  expect(task?.late).toBe(300);
});

test('triggered by hand it runs at once, unless a task of it is unfinished and overlap is skip', async ({
  app: { database, tasks },
  look,
  sql,
}) => {
  const schedule = buildSchedule('test.by-hand');
  const trigger = (given: ScheduleDefinition) => database.transaction((tx) => triggerSchedule(tx, tasks, given));
  const [first, second] = await Promise.all([trigger(schedule), trigger(schedule)]);
  expect([first, second].filter((id) => id === null)).toHaveLength(1);
  expect(await look.tasks(schedule.id)).toHaveLength(1);
  expect(await trigger({ ...schedule, overlap: 'allow' })).toEqual(expect.any(String));
  await sql`delete from kernel.tasks where queue = ${schedule.id}`;
  expect(await trigger(schedule)).toEqual(expect.any(String));
  expect((await look.fires(schedule.id)).map(({ slot }) => slot)).toEqual([null, null, null]);
});

test('sleeps while nothing is due', async ({ app, follow, look }) => {
  const schedule = buildSchedule('test.quiet', { calendar: every(3_600_000 * 24) });
  const countReads = async () =>
    Number(/_count\{[^}]*kernel\.read-schedules[^}]*\} (\d+)/.exec(await app.metrics.expose())?.[1] ?? 0);
  const before = await countReads();
  follow(schedule);
  await eventually('it is registered', () => look.row(schedule.id));
  const startedAt = performance.now();
  await eventually('it looks again', async () => (await countReads()) >= before + 3, 20);
  // One read to register, one to begin, and the third after its sleep.
  expect(performance.now() - startedAt).toBeGreaterThan(4_000);
});
