import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import { expect } from 'vitest';
import { z } from 'zod';

import { test } from '#test/database.ts';
import type { Database } from '../database/database.ts';
import { createKeyHash } from './key-hash.ts';
import { createPolicy } from './rate.ts';
import { remainingOf, retryAfterSeconds } from './reservation.ts';
import { createSharedStore } from './shared-store.ts';

const counts = z.object({ allowed: z.int(), refused: z.int(), failed: z.int() });

const open = (database: Database) => createSharedStore({ database, hash: createKeyHash(() => Buffer.alloc(32, 7)) });
const slow = (name: string, burst = 3) => createPolicy(name, { limit: 1, perSeconds: 60, burst, store: 'shared' });

test('allows the burst, then refuses and says when to come again', async ({ database }) => {
  const store = open(database);
  const policy = slow('burst');

  const seen = [];
  for (let count = 0; count < 5; count += 1) seen.push(await store.reserve(policy, 'someone'));

  expect(seen.map(({ isAllowed }) => isAllowed)).toEqual([true, true, true, false, false]);
  expect(seen.map(remainingOf)).toEqual([2, 1, 0, 0, 0]);
  const waits = seen.slice(3).map(retryAfterSeconds);
  expect(waits.every((seconds) => seconds > 50 && seconds <= 60)).toBe(true);
  expect((await store.reserve(policy, 'someone else')).isAllowed).toBe(true);
});

test('lets in again at the average rate', async ({ database }) => {
  const store = open(database);
  const policy = createPolicy('pace', { limit: 20, perSeconds: 1, burst: 1, store: 'shared' });
  const startedAt = performance.now();
  let allowed = 0;

  while (allowed < 11) if ((await store.reserve(policy, 'someone')).isAllowed) allowed += 1;

  // Ten pauses of 50 ms.
  expect(performance.now() - startedAt).toBeGreaterThan(495);
});

test('refunded or cleared, the next is let in', async ({ database }) => {
  const store = open(database);
  const policy = slow('refund', 1);
  const first = await store.reserve(policy, 'someone');
  expect((await store.reserve(policy, 'someone')).isAllowed).toBe(false);

  await store.refund(first);
  expect((await store.reserve(policy, 'someone')).isAllowed).toBe(true);
  expect((await store.reserve(policy, 'someone')).isAllowed).toBe(false);
  await store.clear(policy, 'someone');
  expect((await store.reserve(policy, 'someone')).isAllowed).toBe(true);
});

test('a refund gives back one, and nothing that time has given back', async ({ database, sql }) => {
  const store = open(database);
  const policy = slow('late refund', 2);
  const first = await store.reserve(policy, 'someone');
  await store.reserve(policy, 'someone');
  // A minute later: the first is paid off, half of nothing is owed of it.
  await sql`update kernel.rate_limits set tat = tat - interval '1 minute'`;
  const before = await sql`select key, tat::text from kernel.rate_limits order by key`;

  await store.refund({ ...first, charged: first.charged - 60 });

  expect(await sql`select key, tat::text from kernel.rate_limits order by key`).toEqual(before);
});

test('a thousand at the same instant are allowed no more than the burst', async ({ database }) => {
  const store = open(database);
  const policy = slow('stampede', 25);

  const seen = await Promise.all(Array.from({ length: 1000 }, () => store.reserve(policy, 'someone')));

  expect(seen.filter(({ isAllowed }) => isAllowed)).toHaveLength(25);
});

test('two processes that race are allowed no more than one would be', async ({ databaseUrl }) => {
  const runMs = 2000;
  const program = fileURLToPath(new URL('testing/reserve-process.ts', import.meta.url));
  const startedAt = performance.now();

  const runs = await Promise.all(
    Array.from({ length: 2 }, async () => {
      const child = spawn(process.execPath, [program, databaseUrl, `${runMs}`], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      return counts.parse(JSON.parse(await text(child.stdout)));
    }),
  );

  const seconds = (performance.now() - startedAt) / 1000;
  const allowed = runs.reduce((sum, run) => sum + run.allowed, 0);
  expect(allowed).toBeLessThanOrEqual(30 + 20 * seconds);
  expect(allowed).toBeGreaterThanOrEqual(30);
  expect(runs.map(({ failed }) => failed)).toEqual([0, 0]);
  // They did race: both had some, and both were refused many times.
  expect(Math.min(...runs.map((run) => run.refused))).toBeGreaterThan(50);
});

test('what is stored names nobody', async ({ database, sql }) => {
  await open(database).reserve(slow('private'), '203.0.113.77');

  const rows = await sql`select key from kernel.rate_limits`;

  expect(JSON.stringify(rows)).not.toContain('203.0.113');
  expect(rows.every(({ key }) => /^[\w-]{43}$/.test(String(key)))).toBe(true);
});

test('sweeps away what is paid off, and nothing else', async ({ database, sql }) => {
  const store = open(database);
  await sql`insert into kernel.rate_limits (key, tat) select 'old ' || n, now() - interval '1 s' from generate_series(1, 500) n`;
  await store.reserve(slow('sweep', 1), 'someone');

  await store.sweep();

  const [counted] = await sql`select count(*) filter (where key like 'old %')::int as old from kernel.rate_limits`;
  expect(counted?.['old']).toBe(0);
  expect((await store.reserve(slow('sweep', 1), 'someone')).isAllowed).toBe(false);
});

test('lives in a table that is never written to the log of PostgreSQL', async ({ sql }) => {
  const [table] = await sql`select relpersistence from pg_class where oid = 'kernel.rate_limits'::regclass`;

  expect(table?.['relpersistence']).toBe('u');
});
