import type { Sql } from 'postgres';
import { expect } from 'vitest';

import { createEventRetention } from '#kernel/events/event-retention.ts';
import { eventually } from '#kernel/tasks/testing/open-task-app.ts';
import { buildLog } from '#test/build.ts';
import { test as base } from '#test/database.ts';
import { buildContract, buildSubscriber, nameOf, openEventApp } from './testing/open-event-app.ts';

const test = base.extend('app', { scope: 'file' }, async ({ databaseUrl }, { onCleanup }) => {
  const app = await openEventApp(databaseUrl);
  onCleanup(() => app.close());
  return app;
});

/** The partition of a day that is past, with what was published there. */
const makeOld = async (sql: Sql, days: number): Promise<string> => {
  const [part] = await sql<{ name: string; day: string; next: string }[]>`
    select 'events_' || to_char(d, 'YYYYMMDD') as name, d::text as day, (d + 1)::text as next
    from (select (now() at time zone 'UTC')::date - ${days}::int as d) as days`;
  const { name = '', day = '', next = '' } = part ?? {};
  await sql.unsafe(`
    create table if not exists kernel.${name} partition of kernel.events for values from ('${day}Z') to ('${next}Z')`);
  return name;
};

const isThere = async (sql: Sql, name: string): Promise<boolean> =>
  (await sql`select from pg_class where relname = ${name}`).length === 1;

test('drops a day of the log when it is past its retention, but not before every subscription has read it', async ({
  app,
  sql,
}) => {
  const contract = buildContract();
  const gate = Promise.withResolvers<void>();
  const head = buildSubscriber(contract, () => gate.promise);
  const consumer = app.consume([head]);
  await eventually('it is consumed', () => consumer.subscriptions.length === 1);
  const [read, unread, young] = [await makeOld(sql, 17), await makeOld(sql, 16), await makeOld(sql, 14)];
  await sql`
    insert into kernel.events (id, name, payload, created_at)
    values (gen_random_uuid(), ${contract.name}, '{}', now() - interval '16 days')`;
  const lines: Record<string, unknown>[] = [];
  const { dropExpired } = createEventRetention(14, buildLog(lines));
  const drop = () => app.database.transaction(async (tx) => dropExpired?.(tx));

  await drop();
  expect(await Promise.all([read, unread, young].map((name) => isThere(sql, name)))).toEqual([false, true, true]);
  expect(lines).toMatchObject([{ days: 1, msg: expect.stringContaining('has not read them') }]);

  gate.resolve();
  await eventually('it is read', async () => {
    await drop();
    return !(await isThere(sql, unread));
  });
  expect(await isThere(sql, young)).toBe(true);
  await consumer.close({ deadlineSeconds: 6 });
});

test('publishes also on a day for which nobody made a partition', async ({ app, sql }) => {
  const day = new Date().toISOString().slice(0, 10).replaceAll('-', '');
  await sql.unsafe(`drop table kernel.events_${day}`);
  const contract = buildContract();
  const seen: unknown[] = [];
  const consumer = app.consume([buildSubscriber(contract, async (_ctx, { n }) => void seen.push(n))]);
  await app.publish(contract, { n: 1 });
  await eventually('it is handled', () => seen.length === 1);
  const { createPartitions } = createEventRetention(14, buildLog());
  await app.database.transaction(async (tx) => createPartitions?.(tx));
  await app.publish(contract, { n: 2 });
  await eventually('what comes later too', () => seen.length === 2);
  await consumer.close({ deadlineSeconds: 6 });
});

test('forgets dead events after 90 days, unless they block their key', async ({ app, sql }) => {
  const subscription = nameOf({ operationId: 'forgetful' });
  const die = (days: number) => sql<{ id: string }[]>`
    insert into kernel.event_dead
      (subscription, event_id, name, xid, seq, payload, created_at, reason, attempt, errors, died_at)
    values (${subscription}, gen_random_uuid(), 'test.gone', 1, 1, '{}', now(), 'timed_out', 1, '[]',
      now() - make_interval(days => ${days}))
    returning event_id as id`;
  const [[old], [young], [blocking]] = [await die(91), await die(89), await die(91)];
  await sql`
    insert into kernel.event_parked (subscription, event_id, xid, seq, key, payload, created_at, run_at)
    values (${subscription}, ${blocking?.id ?? ''}, 1, 1, 'k', '{}', now(), 'infinity')`;
  const { dropExpired } = createEventRetention(14, buildLog());
  await app.database.transaction(async (tx) => dropExpired?.(tx));
  const left = await sql`select event_id as id from kernel.event_dead where subscription = ${subscription}`;
  expect(new Set(left.map(({ id }) => id))).toEqual(new Set([young?.id, blocking?.id]));
  expect(old?.id).toEqual(expect.any(String));
});
