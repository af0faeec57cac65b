import { expect } from 'vitest';
import { z } from 'zod';

import { test as base } from '#test/database.ts';
import { buildContract, openEventApp } from './testing/open-event-app.ts';

const test = base.extend('app', { scope: 'file' }, async ({ databaseUrl }, { onCleanup }) => {
  const app = await openEventApp(databaseUrl);
  onCleanup(() => app.close());
  return app;
});

test('an event of a transaction that was rolled back has not happened', async ({ app, sql }) => {
  const contract = buildContract();
  const work = app.database.transaction(async (tx) => {
    await app.events.publish(tx, contract, {});
    throw new Error('changed its mind');
  });
  await expect(work).rejects.toThrow('changed its mind');
  expect(await sql`select from kernel.events where name = ${contract.name}`).toHaveLength(0);
});

test.for([
  ['a payload that does not fit the contract', { count: 'many' }],
  ['U+0000', { count: 1, text: '\0' }],
  ['half a surrogate pair', { count: 1, text: '\ud800' }],
  ['more than 32 KB', { count: 1, text: 'x'.repeat(32_768) }],
] as const)('refuses %s when it is published, and nothing is written', async ([, payload], { app, sql }) => {
  const count = z.unknown().refine((value) => typeof value === 'number');
  const contract = { ...buildContract(), payload: z.object({ count, text: z.string().optional() }) };
  const publish = app.database.transaction((tx) => app.events.publish(tx, contract, payload));
  await expect(publish).rejects.toThrow('INPUT_INVALID');
  expect(await sql`select from kernel.events where name = ${contract.name}`).toHaveLength(0);
});

test.for([
  ['empty', ''],
  ['too long', 'k'.repeat(513)],
  ['with U+0000', 'a\0b'],
] as const)('refuses a key that is %s', async ([, key], { app }) => {
  await expect(app.publish(buildContract(), {}, { key })).rejects.toThrow('INPUT_INVALID');
});
