import { expect } from 'vitest';

import { test } from '#test/app.ts';
import { run } from '#test/run.ts';

const partitionsFrom = `
  select count(*)::int as n from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where i.inhparent = 'kernel.task_results'::regclass
    and case when c.relname ~ '^task_results_[0-9]{8}$' then to_date(right(c.relname, 8), 'YYYYMMDD') end
      >= (now() at time zone 'UTC')::date`;

test('create-partitions makes those of today and a week to come, and leaves them alone the next time', async ({
  app,
  sql,
}) => {
  await sql.unsafe(`drop table kernel.task_results_${new Date().toISOString().slice(0, 10).replaceAll('-', '')}`);
  await run(app, 'platform.create-partitions');
  await run(app, 'platform.create-partitions', { slot: new Date().toISOString() });
  expect(await sql.unsafe(partitionsFrom)).toEqual([{ n: 8 }]);
});
