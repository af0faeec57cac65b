import { expect } from 'vitest';

import { createLifecycle } from '#kernel/lifecycle.ts';
import { defineSchedules } from '#kernel/schedules/schedule-definition.ts';
import { test } from '#test/app.ts';
import { createHandlers } from '#kernel/tasks/handlers.ts';
import { startModules } from './app.ts';
import { listTasks } from './usecases.ts';

test('a process makes the partitions that it will write to before its modules start', async ({ app, sql }) => {
  await sql.unsafe(`drop table kernel.task_results_${new Date().toISOString().slice(0, 10).replaceAll('-', '')}`);
  const isReady = async () =>
    (
      await sql`
      select from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'kernel.task_results'::regclass
        and right(c.relname, 8) = to_char(now() at time zone 'UTC', 'YYYYMMDD')`
    ).length === 1;
  expect(await isReady()).toBe(false);
  const started = {
    name: 'looks',
    portal: null,
    usecases: [],
    start: async () => expect(await isReady()).toBe(true),
  };
  await startModules({ ...app, modules: [started] }, createLifecycle());
  expect.assertions(2);
});

test('every schedule of every module can be followed', ({ app }) => {
  const schedules = defineSchedules(listTasks(app), 'Europe/Berlin');
  expect(schedules.map(({ id }) => id)).toEqual(
    expect.arrayContaining(['platform.create-partitions', 'platform.drop-expired']),
  );
  for (const { calendar } of schedules) expect(calendar.next(new Date())).toBeInstanceOf(Date);
});

test('one worker can serve every task of every module', ({ app }) => {
  const { byName } = createHandlers(listTasks(app), null);
  expect([...byName.keys()]).toEqual(expect.arrayContaining(['platform.probe', 'platform.check-audit']));
});
