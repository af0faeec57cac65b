import { expect } from 'vitest';

import { openSession } from '#kernel/database/open-session.ts';
import { eventually } from '#kernel/tasks/testing/open-task-app.ts';
import { test as base } from '#test/database.ts';
import { effectEvent } from './testing/effect-event.ts';
import { killConsumers, openConsumers } from './testing/kill-consumers.ts';
import { buildContract, buildSubscriber, nameOf, openEventApp } from './testing/open-event-app.ts';

const test = base
  .extend('app', { scope: 'file' }, async ({ databaseUrl }, { onCleanup }) => {
    const app = await openEventApp(databaseUrl);
    onCleanup(() => app.close());
    return app;
  })
  .extend('consumers', async ({ databaseUrl, sql }, { onCleanup }) => {
    const { close, ...consumers } = await openConsumers(databaseUrl, sql);
    onCleanup(close);
    return consumers;
  });

test(
  'consumers are killed again and again: every event has its effect once, keys in order',
  { timeout: 180_000 },
  async ({ app, sql, consumers }) => {
    await killConsumers({ app, sql, consumers }, { kills: 12, eventsPerKill: 150 });
  },
);

test('what a killed consumer had goes on with another one within a second', async ({ app, sql, consumers }) => {
  await sql`delete from public.effects`;
  await consumers.start();
  const owner = await consumers.untilOwned();
  const heir = await consumers.start();
  await eventually('both are there', async () => (await sql`select from kernel.processes`).length >= 2);

  const killedAt = performance.now();
  await consumers.kill(owner);
  const next = await consumers.untilOwned();
  expect(performance.now() - killedAt).toBeLessThan(1_000);

  expect(next).toBe(heir);
  await app.database.transaction((tx) => app.events.publish(tx, effectEvent, { n: 1, key: 'k' }, { key: 'k' }));
  await eventually('the other one handles what comes', async () => {
    return (await sql`select from public.effects`).length === 1;
  });
});

test('one consumer of two has a subscription, and the other gets it when the first one stops', async ({ app, sql }) => {
  const contract = buildContract();
  const seen: unknown[] = [];
  const head = buildSubscriber(contract, async (_ctx, { n }) => void seen.push(n));
  const both = [app.consume([head]), app.consume([head])];
  await eventually('one of them has it', () => both.some(({ subscriptions }) => subscriptions.length === 1));
  const ownerOf = async () =>
    (await sql`select owner from kernel.subscriptions where name = ${nameOf(head)}`)[0]?.['owner'];
  const owner = both.find(({ subscriptions }) => subscriptions.length === 1);
  expect(await ownerOf()).toBe(owner?.processId);
  await app.publish(contract, { n: 1 });
  await eventually('it is handled', () => seen.length === 1);

  await owner?.close({ deadlineSeconds: 6 });
  await app.publish(contract, { n: 2 });
  await eventually('the other one handles the next', () => seen.length === 2);
  expect(seen).toEqual([1, 2]);
});

test('two that both believe to have a subscription make each effect once', async ({ app, sql }) => {
  const contract = buildContract();
  const entered = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const ended: string[] = [];
  const head = buildSubscriber(contract, async (ctx) => {
    const isFirst = ended.push('begun') === 1;
    if (isFirst) {
      entered.resolve();
      await gate.promise;
    }
    await ctx.transaction((tx) => tx.execute('select 1'));
    ended.push('made');
  });
  const first = app.consume([head]);
  await eventually('it is consumed', () => first.subscriptions.length === 1);
  await app.publish(contract);
  await entered.promise;

  // As if the first one had been silent for too long.
  const second = app.consume([head]);
  await eventually(
    'the other lives',
    async () => (await sql`select from kernel.processes where id = ${second.processId}`).length === 1,
  );
  await sql`update kernel.subscriptions set owner = ${second.processId}, epoch = epoch + 1 where name = ${nameOf(head)}`;
  await eventually('the other has handled it', () => ended.includes('made'), 15);
  gate.resolve();
  await eventually('the first has learnt of it', () => first.subscriptions.length === 0, 15);

  expect(ended.filter((one) => one === 'made')).toHaveLength(1);
  expect(await sql`select from kernel.inbox where subscription = ${nameOf(head)}`).toHaveLength(1);
});

test('goes on after its connection was lost', async ({ app, sql, databaseUrl }) => {
  const contract = buildContract();
  const seen: unknown[] = [];
  const head = buildSubscriber(contract, async (_ctx, { n }) => void seen.push(n));
  const consumer = app.consume([head]);
  await eventually('it is consumed', () => consumer.subscriptions.length === 1);
  await app.publish(contract, { n: 1 });
  await eventually('it is handled', () => seen.length === 1);
  const session = await openSession({ url: databaseUrl, name: 'test' });
  await session.sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = 'ashlar events'`;
  await session.close();
  await app.publish(contract, { n: 2 });
  await eventually('the next one is handled', () => seen.includes(2));
  expect(await sql`select from kernel.event_parked where subscription = ${nameOf(head)}`).toHaveLength(0);
});
