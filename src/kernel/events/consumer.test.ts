import { expect } from 'vitest';

import { eventually } from '#kernel/tasks/testing/open-task-app.ts';
import { test as base } from '#test/database.ts';
import {
  buildContract,
  buildSubscriber,
  holdTransaction,
  nameOf,
  openEventApp,
  openLate,
} from './testing/open-event-app.ts';

const test = base.extend('app', { scope: 'file' }, async ({ databaseUrl }, { onCleanup }) => {
  const app = await openEventApp(databaseUrl);
  onCleanup(() => app.close());
  return app;
});

test('hands an event to each of its subscribers, within a moment', async ({ app }) => {
  const contract = buildContract();
  const seen: unknown[] = [];
  const heads = ['one', 'other'].map((who) =>
    buildSubscriber(contract, async (_ctx, { n }) => void seen.push(`${who} ${String(n)}`)),
  );
  const consumer = app.consume(heads);
  await eventually('both are consumed', () => consumer.subscriptions.length === 2);
  await app.publish(contract, { n: 1 });
  await eventually('both have seen it', () => seen.length === 2, 1);
  expect(new Set(seen)).toEqual(new Set(['one 1', 'other 1']));
});

test('a new subscriber begins at the end, or at the start if it says so', async ({ app }) => {
  const contract = buildContract();
  const seen: string[] = [];
  await app.publish(contract, { n: 1 });
  const fromStart = buildSubscriber(contract, async (_ctx, { n }) => void seen.push(`start ${String(n)}`));
  const fromEnd = buildSubscriber(contract, async (_ctx, { n }) => void seen.push(`end ${String(n)}`), {
    startAt: 'end',
  });
  const consumer = app.consume([fromStart, fromEnd]);
  await eventually('both are consumed', () => consumer.subscriptions.length === 2);
  await app.publish(contract, { n: 2 });
  await eventually('the second one is seen by both', () => seen.filter((one) => one.endsWith('2')).length === 2);
  expect(seen.toSorted((a, b) => a.localeCompare(b))).toEqual(['end 2', 'start 1', 'start 2']);
});

test('does not skip an event whose transaction commits after later ones', async ({ app }) => {
  const contract = buildContract();
  const seen: unknown[] = [];
  const consumer = app.consume([buildSubscriber(contract, async (_ctx, { n }) => void seen.push(n))]);
  await eventually('it is consumed', () => consumer.subscriptions.length === 1);

  const slow = await holdTransaction(app.database, (tx) => app.events.publish(tx, contract, { n: 'slow' }));
  await app.publish(contract, { n: 1 });
  await app.publish(contract, { n: 2 });
  expect(seen).toEqual([]);
  await slow.finish();

  await eventually('all have arrived', () => seen.length === 3);
  expect(new Set(seen)).toEqual(new Set([1, 2, 'slow']));
});

test('reads on while a transaction that began earlier has not published yet, and then reads its event', async ({
  app,
}) => {
  const contract = buildContract();
  const seen: unknown[] = [];
  const consumer = app.consume([buildSubscriber(contract, async (_ctx, { n }) => void seen.push(n))]);
  await eventually('it is consumed', () => consumer.subscriptions.length === 1);
  const gate = Promise.withResolvers<void>();
  const early = app.database.transaction(async (tx) => {
    await gate.promise;
    await app.events.publish(tx, contract, { n: 'early' });
  });
  await app.publish(contract, { n: 1 });
  await eventually('the first is there', () => seen.length === 1);
  gate.resolve();
  await early;
  await eventually('the other too', () => seen.length === 2);
  expect(seen).toEqual([1, 'early']);
});

test('inside a key the order is that of publication, though the transactions began in another', async ({ app }) => {
  const contract = buildContract();
  const seen: unknown[] = [];
  const early = await openLate(app.database, (tx) => app.events.publish(tx, contract, { n: 2 }, { key: 'k' }));
  await app.publish(contract, { n: 1 }, { key: 'k' });
  await early.finish();

  app.consume([buildSubscriber(contract, async (_ctx, { n }) => void seen.push(n))]);
  await eventually('both have arrived', () => seen.length === 2);
  expect(seen).toEqual([1, 2]);
});

test('an event waits for one of its key that was published before it and may not be read yet', async ({ app, sql }) => {
  const contract = buildContract();
  const seen: unknown[] = [];
  const head = buildSubscriber(contract, async (_ctx, { n }) => void seen.push(n));
  const consumer = app.consume([head]);
  await eventually('it is consumed', () => consumer.subscriptions.length === 1);
  const early = await openLate(app.database, async (tx) => {
    await app.events.publish(tx, contract, { n: 2 }, { key: 'k' });
    await app.events.publish(tx, contract, { n: 'other' }, { key: 'other' });
  });
  // Its number stands between the two: what was committed behind it may not be read.
  const open = await openLate(app.database, () => Promise.resolve());
  await app.publish(contract, { n: 1 }, { key: 'k' });
  await early.finish();

  await eventually('what waits for nothing has arrived', () => seen.length === 1);
  await eventually('the later one is parked', async () => {
    const rows = await sql`select from kernel.event_parked where subscription = ${nameOf(head)} and after_xid > xid`;
    return rows.length === 1;
  });
  await open.finish();
  await eventually('all have arrived', () => seen.length === 3);
  expect(seen).toEqual(['other', 1, 2]);
});

test('orders by the payload if the subscriber says so', async ({ app }) => {
  const contract = buildContract();
  const seen = new Map<unknown, unknown[]>();
  const head = { orderingKey: ({ room }: Record<string, unknown>) => String(room) };
  for (let n = 0; n < 60; n += 1) await app.publish(contract, { n, room: n % 3 });
  app.consume([
    buildSubscriber(
      contract,
      async (_ctx, { n, room }) => {
        await new Promise((resolve) => setImmediate(resolve));
        seen.set(room, [...(seen.get(room) ?? []), n]);
      },
      head,
    ),
  ]);
  await eventually('all have arrived', () => [...seen.values()].flat().length === 60);
  for (const numbers of seen.values()) expect(numbers).toEqual(numbers.toSorted((a, b) => Number(a) - Number(b)));
});

test('tells how far behind a subscription is', { timeout: 150_000 }, async ({ app }) => {
  const contract = buildContract();
  const gate = Promise.withResolvers<void>();
  const head = buildSubscriber(contract, () => gate.promise);
  const consumer = app.consume([head]);
  await eventually('it is consumed', () => consumer.subscriptions.length === 1);
  await app.publish(contract);
  const lag = async () => {
    const line = (await app.metrics.expose()).split('\n').find((one) => one.includes(nameOf(head)));
    return Number(line?.split(' ').at(-1));
  };
  await eventually('it lags', async () => (await lag()) > 0, 60);
  gate.resolve();
  await eventually('it has caught up', async () => (await lag()) === 0, 60);
});
