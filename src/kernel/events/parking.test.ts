import { expect } from 'vitest';
import { z } from 'zod';

import { eventually } from '#kernel/tasks/testing/open-task-app.ts';
import type { EventCtx } from '#kernel/usecase.ts';
import { test as base } from '#test/database.ts';
import { createSubscribers } from './subscribers.ts';
import { buildContract, buildSubscriber, nameOf, openEventApp } from './testing/open-event-app.ts';

const test = base.extend('app', { scope: 'file' }, async ({ databaseUrl }, { onCleanup }) => {
  const app = await openEventApp(databaseUrl);
  onCleanup(() => app.close());
  return app;
});

test('a failing event holds up its key alone, and the later ones of its key follow it in order', async ({
  app,
  sql,
}) => {
  const contract = buildContract();
  const seen: string[] = [];
  let isHealed = false;
  const head = buildSubscriber(
    contract,
    async (_ctx, { n, key }) => {
      if (key === 'bad' && n === 0 && !isHealed) throw new Error('poisoned');
      seen.push(`${String(key)}${String(n)}`);
    },
    { retry: { attempts: 1_000, baseDelaySeconds: 0.02 } },
  );
  app.consume([head]);
  for (let n = 0; n < 20; n += 1) {
    await app.publish(contract, { n, key: 'bad' }, { key: 'bad' });
    await app.publish(contract, { n, key: 'good' }, { key: 'good' });
    await app.publish(contract, { n, key: 'none' });
  }
  await eventually('everything else is handled', () => seen.length === 40);
  expect(seen.filter((one) => one.startsWith('good'))).toEqual(Array.from({ length: 20 }, (_, n) => `good${n}`));
  await eventually('its key is parked', async () => {
    const rows = await sql`select from kernel.event_parked where subscription = ${nameOf(head)} and key = 'bad'`;
    return rows.length === 20;
  });
  isHealed = true;
  await eventually('its key goes on', () => seen.length === 60);
  expect(seen.filter((one) => one.startsWith('bad'))).toEqual(Array.from({ length: 20 }, (_, n) => `bad${n}`));
  expect(await sql`select from kernel.event_parked where subscription = ${nameOf(head)}`).toHaveLength(0);
});

test.for([
  ['free', ['bad0', 'bad1', 'bad2']],
  ['block', ['bad0']],
] as const)('a dead event lets its key go on, or holds it: %s', async ([onDead, expected], { app, sql }) => {
  const contract = buildContract();
  const seen: string[] = [];
  let attempts = 0;
  const head = buildSubscriber(
    contract,
    async (_ctx, { n }) => {
      if (n === 0) attempts += 1;
      if (n === 0 && attempts <= 3) throw new Error('poisoned');
      seen.push(`bad${String(n)}`);
    },
    { onDead, retry: { attempts: 3, baseDelaySeconds: 0.01 } },
  );
  app.consume([head]);
  for (let n = 0; n < 3; n += 1) await app.publish(contract, { n }, { key: 'k' });
  await eventually('it is dead', async () => {
    const rows = await sql`select reason, attempt, errors from kernel.event_dead where subscription = ${nameOf(head)}`;
    return rows.length === 1 && rows[0]?.['attempt'] === 3 && rows[0]?.['errors'].length === 3;
  });
  if (onDead === 'free') await eventually('the others follow', () => seen.length === 2);
  const wanted = expected.filter((one) => one !== 'bad0');
  expect(seen).toEqual(onDead === 'free' ? wanted : []);
});

test('counts its attempts, ten of them if its head does not say otherwise', async ({ app, sql }) => {
  const contract = buildContract();
  const attempts: number[] = [];
  const fail = async (ctx: EventCtx) => {
    attempts.push(ctx.attempt);
    throw new Error('no');
  };
  const plain = createSubscribers([{ module: 'test', usecase: buildSubscriber(contract, fail) }]);
  const [standard] = Array.from(plain.values(), ({ retry }) => retry);
  expect(standard).toEqual({ attempts: 10, baseDelaySeconds: 1 });

  const head = buildSubscriber(contract, fail, { retry: { attempts: 10, baseDelaySeconds: 0.001 } });
  app.consume([head]);
  await app.publish(contract);
  await eventually('it is dead', async () => {
    const rows = await sql`
      select from kernel.event_dead where subscription = ${nameOf(head)} and reason = 'attempts_exhausted'`;
    return rows.length === 1;
  });
  expect(attempts).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test('an event that this release cannot read is tried again, and then dead for that reason', async ({ app, sql }) => {
  const contract = buildContract();
  await app.publish(contract, { n: 'text' });
  const strict = z.object({ n: z.number() }).catchall(z.unknown());
  const event = { ...contract, payload: strict };
  const head = {
    ...buildSubscriber(contract, async () => undefined, { retry: { attempts: 2, baseDelaySeconds: 0.01 } }),
    event,
  };
  app.consume([head]);
  await eventually('it is dead', async () => {
    const rows =
      await sql`select from kernel.event_dead where subscription = ${nameOf(head)} and reason = 'payload_invalid'`;
    return rows.length === 1;
  });
});

test('an attempt past its timeout counts as failed', async ({ app, sql }) => {
  const contract = buildContract();
  const head = buildSubscriber(
    contract,
    (ctx) => new Promise((_resolve, reject) => ctx.signal.addEventListener('abort', () => reject(new Error('late')))),
    { timeoutSeconds: 0.05, retry: { attempts: 1, baseDelaySeconds: 1 } },
  );
  app.consume([head]);
  await app.publish(contract);
  await eventually('it is dead', async () => {
    const rows = await sql`select from kernel.event_dead where subscription = ${nameOf(head)} and reason = 'timed_out'`;
    return rows.length === 1;
  });
});
