import { expect } from 'vitest';

import { newId } from '#kernel/ids.ts';
import { taskResultRetentionDays } from '#portals/platform.ts';
import { test } from '#test/app.ts';
import { run } from '#test/run.ts';

test('drop-expired forgets dead tasks after 90 days, progress of what is gone, and old fires of schedules', async ({
  app,
  sql,
}) => {
  const [old, young, gone, schedule] = [newId(), newId(), newId(), newId()];
  const die = (id: string, days: number) => sql`
    insert into kernel.task_dead (task_id, queue, name, priority, payload, reason, attempt, errors, created_at, finished_at)
    values (${id}, 'q', 'test.dead', 5, '{}', 'timed_out', 1, '[]', now(), now() - make_interval(days => ${days}))`;
  await die(old, 91);
  await die(young, 89);
  await sql`insert into kernel.task_progress values (${gone}, 50, null, now() - interval '2 days')`;
  await sql`insert into kernel.schedules (id, cron, time_zone) values (${schedule}, '* * * * *', 'UTC')`;
  await sql`
    insert into kernel.schedule_fires (id, schedule_id, slot, fired_at)
    select gen_random_uuid(), ${schedule}, now() - make_interval(days => d), now() - make_interval(days => d)
    from unnest(array[29, 31, 40]) as d`;

  await run(app, 'platform.drop-expired', { slot: new Date().toISOString() });

  expect(await sql`select task_id from kernel.task_dead where task_id in ${sql([old, young])}`).toEqual([
    { task_id: young },
  ]);
  expect(await sql`select from kernel.task_progress where task_id = ${gone}`).toHaveLength(0);
  expect(await sql`select from kernel.schedule_fires where schedule_id = ${schedule}`).toHaveLength(1);
});

test('drop-expired drops partitions of results when they are older than the setting says', async ({ app, sql }) => {
  const makeOld = async (days: number): Promise<string> => {
    const [part] = await sql<{ name: string; day: string; next: string }[]>`
      select 'task_results_' || to_char(d, 'YYYYMMDD') as name, d::text as day, (d + 1)::text as next
      from (select (now() at time zone 'UTC')::date - ${days}::int as d) as days`;
    if (part === undefined) throw new Error('no answer');
    await sql.unsafe(
      `create table kernel.${part.name} partition of kernel.task_results
        for values from ('${part.day} 00:00Z') to ('${part.next} 00:00Z')`,
    );
    return part.name;
  };
  const exists = async (name: string) =>
    (await sql<{ is: boolean }[]>`select to_regclass(${`kernel.${name}`}) is not null as is`)[0]?.is;
  const [nine, eight, three] = [await makeOld(9), await makeOld(8), await makeOld(3)];

  await run(app, 'platform.drop-expired');
  expect([await exists(nine), await exists(eight), await exists(three)]).toEqual([false, false, true]);

  await run(app, 'platform.set-setting', { key: taskResultRetentionDays.key, value: '2' });
  await run(app, 'platform.drop-expired');
  expect(await exists(three)).toBe(false);
});
