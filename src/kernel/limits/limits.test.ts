import { expect } from 'vitest';

import { openDatabase } from '#kernel/database/open-database.ts';
import { createMetrics } from '#kernel/observability/create-metrics.ts';
import { buildLog, noMetrics, noTelemetry } from '#test/build.ts';
import { test } from '#test/database.ts';
import type { Database } from '../database/database.ts';
import { createDb } from '../database/session.ts';
import { createLimits } from './limits.ts';
import { createPolicy } from './rate.ts';

const config = { actor: { perSecond: 50, burst: 100 }, address: { perSecond: 20, burst: 40 }, factor: 1 };
const secrets = { derive: () => Buffer.alloc(32, 3) };
const policy = (name: string, burst = 2) => createPolicy(name, { limit: 1, perSeconds: 60, burst, store: 'shared' });

const open = (database: Pick<Database, 'lanes'>, presence = { processes: 1 }) => {
  const lines: Record<string, unknown>[] = [];
  const clock = { ms: 0 };
  const metrics = createMetrics();
  const limits = createLimits({
    config,
    database,
    presence,
    secrets,
    metrics,
    log: buildLog(lines),
    now: () => clock.ms,
  });
  return { limits, lines, clock, metrics };
};

test('two instances share what is shared, and nothing else', async ({ database }) => {
  const one = open(database).limits;
  const other = open(database).limits;
  const local = createPolicy('local', { limit: 1, perSeconds: 60, burst: 1, store: 'local' });

  const first = await one.reserve(policy('both', 1), 'someone');
  expect(first.isAllowed).toBe(true);
  expect((await other.reserve(policy('both', 1), 'someone')).isAllowed).toBe(false);
  await other.refund(first);
  expect((await one.reserve(policy('both', 1), 'someone')).isAllowed).toBe(true);
  await other.clear(policy('both', 1), 'someone');
  expect((await one.reserve(policy('both', 1), 'someone')).isAllowed).toBe(true);

  expect((await one.reserve(local, 'someone')).isAllowed).toBe(true);
  expect((await other.reserve(local, 'someone')).isAllowed).toBe(true);
});

test('PostgreSQL lost: each process counts alone and never lets everything through', async ({ databaseUrl }) => {
  const database = await openDatabase({
    url: databaseUrl,
    log: buildLog(),
    metrics: noMetrics,
    telemetry: noTelemetry,
  });
  const { limits, lines } = open(database);
  await limits.reserve(policy('lost'), 'someone');
  await database.close();

  const first = await limits.reserve(policy('lost'), 'someone');
  const seen = [first];
  for (let count = 1; count < 5; count += 1) seen.push(await limits.reserve(policy('lost'), 'someone'));

  expect(seen.map(({ isAllowed, store }) => [isAllowed, store])).toEqual([
    [true, 'local'],
    [true, 'local'],
    [false, 'local'],
    [false, 'local'],
    [false, 'local'],
  ]);
  expect(lines.filter(({ level }) => level === 40)).toHaveLength(1);
  await limits.refund(first);
  expect((await limits.reserve(policy('lost'), 'someone')).isAllowed).toBe(true);
});

test('says once that PostgreSQL is lost and once that it is back', async ({ database }) => {
  const switched = { lanes: database.lanes };
  const { limits, lines } = open(switched);
  const broken = createDb(() => Promise.reject(new Error('gone')));

  for (let count = 0; count < 3; count += 1) {
    Object.assign(switched, { lanes: broken });
    await limits.reserve(policy('switch'), 'someone');
    await limits.reserve(policy('switch'), 'someone');
    Object.assign(switched, { lanes: database.lanes });
    await limits.reserve(policy('switch'), 'someone');
  }

  expect(lines.map(({ level }) => level)).toEqual([40, 30, 40, 30, 40, 30]);
});

test('a refusal names the limit and the wait, and is counted by operation', async ({ database }) => {
  const { limits, metrics } = open(database);
  await limits.reserve(policy('auth.probe', 1), 'someone');
  const refused = await limits.reserve(policy('auth.probe', 1), 'someone');

  const error = limits.refuse(refused, 'auth.probe');

  expect(error).toMatchObject({
    code: 'RATE_LIMITED',
    kind: 'rate_limited',
    details: { policy: 'auth.probe', quota: 1, windowSeconds: 60, retryAfterSeconds: 60 },
  });
  limits.refuse(refused, null);
  const exposed = await metrics.expose();
  expect(exposed).toContain('ashlar_rate_limited_total{operation="auth.probe"} 1');
  expect(exposed).toContain('ashlar_rate_limited_total{operation="none"} 1');
});

test('clears away old rows by itself, once a minute', async ({ database, sql }) => {
  const { limits, clock } = open(database);
  await sql`insert into kernel.rate_limits (key, tat) values ('old', now() - interval '1 s')`;
  const isThere = async () => (await sql`select from kernel.rate_limits where key = 'old'`).length === 1;

  clock.ms = 59_999;
  await limits.reserve(policy('sweeper', 9), 'someone');
  expect(await isThere()).toBe(true);
  clock.ms = 60_000;
  await limits.reserve(policy('sweeper', 9), 'someone');
  await expect.poll(isThere).toBe(false);
});

test('the factor of the operator multiplies every limit', ({ database }) => {
  const metrics = createMetrics();
  const limits = createLimits({
    config: { ...config, factor: 10 },
    database,
    presence: { processes: 1 },
    secrets,
    metrics,
    log: buildLog(),
  });

  expect(limits.defaults.actor).toMatchObject({ burst: 1000, intervalMs: 2, capacityMs: 2000 });
  expect(limits.policyOf('auth.probe', { limit: 1, perSeconds: 60, burst: 2, store: 'local' })).toMatchObject({
    burst: 20,
    intervalMs: 6000,
  });
});
