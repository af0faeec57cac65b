import { expect } from 'vitest';

import { eventually } from '#kernel/tasks/testing/open-task-app.ts';
import type { Tx } from '#kernel/database/database.ts';
import { test as base } from '#test/database.ts';
import { buildContract, buildSubscriber, nameOf, openEventApp } from './testing/open-event-app.ts';

const test = base.extend('app', { scope: 'file' }, async ({ databaseUrl }, { onCleanup }) => {
  const app = await openEventApp(databaseUrl);
  onCleanup(() => app.close());
  return app;
});

const everything = { from: null, to: null, key: null, names: null };

test('nobody consumes a paused subscription; resumed it goes on where it was', async ({ app, sql }) => {
  const contract = buildContract();
  const seen: unknown[] = [];
  const head = buildSubscriber(contract, (ctx, { n }) => ctx.transaction(async () => void seen.push(n)));
  const consumer = app.consume([head]);
  await app.publish(contract, { n: 1 });
  await eventually('the first is handled', () => seen.length === 1);

  const set = (isPaused: boolean) => app.database.transaction((tx) => app.events.setPaused(tx, nameOf(head), isPaused));
  expect(await set(true)).toBe(true);
  expect(await set(true)).toBe(false);
  await eventually('it is consumed by nobody', () => consumer.subscriptions.length === 0);
  await app.publish(contract, { n: 2 });
  expect(await sql`select owner from kernel.subscriptions where name = ${nameOf(head)}`).toEqual([{ owner: null }]);
  expect(seen).toEqual([1]);
  expect(await set(false)).toBe(true);
  await eventually('the second is handled', () => seen.length === 2);
  expect(seen).toEqual([1, 2]);
});

test.for([
  ['retryDead', [0, 1, 2]],
  ['discardDead', [1, 2]],
] as const)('%s lets a blocked key go on in order', async ([how, expected], { app, sql }) => {
  const contract = buildContract();
  const seen: unknown[] = [];
  let isHealed = false;
  const head = buildSubscriber(
    contract,
    async (ctx, { n }) => {
      if (n === 0 && !isHealed) throw new Error('poisoned');
      await ctx.transaction(async () => void seen.push(n));
    },
    { onDead: 'block', retry: { attempts: 2, baseDelaySeconds: 0.01 } },
  );
  app.consume([head]);
  for (let n = 0; n < 3; n += 1) await app.publish(contract, { n }, { key: 'k' });
  const subscription = nameOf(head);
  const eventId = await eventually('it is dead', async () => {
    const [row] = await sql`select event_id from kernel.event_dead where subscription = ${subscription}`;
    return row === undefined ? null : String(row['event_id']);
  });
  isHealed = true;
  const act = (tx: Tx) => app.events[how](tx, { subscription, eventId });
  expect(await app.database.transaction(act)).toBe(true);
  await eventually('its key goes on', () => seen.length === expected.length);
  expect(seen).toEqual(expected);
  await eventually('nothing is parked any more', async () => {
    return (await sql`select from kernel.event_parked where subscription = ${subscription}`).length === 0;
  });
  expect(await app.database.transaction(act)).toBe(false);
});

test('a replay lets what was handled and what is dead be handled again, keys in order', async ({ app, sql }) => {
  const contract = buildContract();
  const seen: string[] = [];
  let isHealed = false;
  const head = buildSubscriber(
    contract,
    async (ctx, { n, key }) => {
      if (n === 3 && !isHealed) throw new Error('poisoned');
      await ctx.transaction(async () => void seen.push(`${String(key)}${String(n)}`));
    },
    { retry: { attempts: 1, baseDelaySeconds: 0.01 } },
  );
  app.consume([head]);
  for (let n = 0; n < 12; n += 1) await app.publish(contract, { n, key: `k${n % 2}` }, { key: `k${n % 2}` });
  await eventually('all but one are handled', () => seen.length === 11);
  const subscription = nameOf(head);
  await eventually('the position has passed them', async () => {
    const rows = await sql`
      select from kernel.events e join kernel.subscriptions s on s.name = ${subscription}
      where e.name = ${contract.name} and (e.xid, e.seq) > (s.xid, s.seq)`;
    return rows.length === 0;
  });

  isHealed = true;
  seen.length = 0;
  const replay = (range = {}) =>
    app.database.transaction((tx) => app.events.replay(tx, { subscription, ...everything, ...range }));
  expect(await replay({ key: 'k0' })).toBe(6);
  await eventually('one key is handled again', () => seen.length === 6);
  expect(seen).toEqual(['k00', 'k02', 'k04', 'k06', 'k08', 'k010']);
  expect(await replay()).toBe(12);
  await eventually('everything is', () => seen.length === 18);
  expect(seen.filter((one) => one.startsWith('k1'))).toEqual(['k11', 'k13', 'k15', 'k17', 'k19', 'k111']);
  expect(await replay({ from: new Date(Date.now() + 60_000) })).toBe(0);
  expect(await replay({ to: new Date(0) })).toBe(0);
  expect(await replay({ names: ['test.other'] })).toBe(0);
  expect(await sql`select from kernel.event_dead where subscription = ${subscription}`).toHaveLength(0);
});

test('a replay keeps the order of a subscriber that orders by the payload', async ({ app, sql }) => {
  const contract = buildContract();
  const seen: unknown[] = [];
  const head = buildSubscriber(
    contract,
    async (_ctx, { n }) => {
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(n);
    },
    { orderingKey: () => 'one' },
  );
  app.consume([head]);
  for (let n = 0; n < 8; n += 1) await app.publish(contract, { n }, { key: `k${n}` });
  await eventually('all are handled', () => seen.length === 8);
  const subscription = nameOf(head);
  await eventually('the position has passed them', async () => {
    const [row] = await sql`
      select count(*)::int as n from kernel.events e join kernel.subscriptions s on s.name = ${subscription}
      where e.name = ${contract.name} and (e.xid, e.seq) <= (s.xid, s.seq)`;
    return row?.['n'] === 8;
  });
  await app.database.transaction((tx) => app.events.replay(tx, { subscription, ...everything }));
  await app.publish(contract, { n: 8 }, { key: 'k8' });
  await eventually('all are handled again, and what came', () => seen.length === 17);
  expect(seen.slice(8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
});
