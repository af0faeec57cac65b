import type { Sql } from 'postgres';
import { describe, expect } from 'vitest';

import { newId } from '#kernel/ids.ts';
import { type TestApp, test } from '#test/app.ts';
import { run } from '#test/run.ts';
import { nothingCounted } from '../../domain/statistics.ts';
import { insertDailyActive, upsertStatMinutes } from '../../store/statistics.ts';

const operation = 'platform.roll-up-stats';
const dayMs = 86_400_000;

/** So many days before today, for each test another. */
const dayAgo = (app: TestApp, days: number): string =>
  new Date(app.clock.now().getTime() - days * dayMs).toISOString().slice(0, 10);

const write = (app: TestApp, at: string, counts: Partial<typeof nothingCounted>): Promise<void> =>
  upsertStatMinutes(app.kernel.database.lanes, [
    { ...nothingCounted, ...counts, minute: new Date(at), source: newId() },
  ]);

const rowOf = async (sql: Sql, day: string) => {
  const [row] = await sql`select * from platform.daily_stats where day = ${day}`;
  return row;
};

describe('roll-up-stats', () => {
  test('adds up the minutes of all processes, and is the same on every run', async ({ app, sql }) => {
    const day = dayAgo(app, 2);
    const people = [newId(), newId()];
    await write(app, `${day}T00:00:00Z`, {
      requests: 90,
      errors: 9,
      latencyMs: 1_800,
      latency: { 25: 90 },
      cacheHits: 3,
      cacheMisses: 1,
    });
    await write(app, `${day}T00:00:00Z`, { requests: 10, latencyMs: 4_000, latency: { 420: 10 } });
    await write(app, `${day}T23:59:00Z`, { tasksDone: 5 });
    await write(app, `${dayAgo(app, 1)}T00:00:00Z`, { requests: 1, latency: { 1: 1 } });
    await insertDailyActive(app.kernel.database.lanes, { day, actorIds: people });

    await run(app, operation);
    const row = await rowOf(sql, day);
    expect(row).toMatchObject({
      total_requests: '100',
      error_rate: 0.09,
      average_latency_ms: 58,
      active_users: 2,
      cache_hit_rate: 0.75,
      tasks_done: '5',
    });
    // Half and nine tenths through the bucket up to 420 ms, which begins at 331.
    expect(row?.['p95_ms']).toBeCloseTo(375, -1);
    expect(row?.['p99_ms']).toBeCloseTo(411, -1);
    await run(app, operation);
    expect(await rowOf(sql, day)).toEqual(row);
  });

  test('looks again for two hours after a day, and then no more', async ({ app, sql }) => {
    const day = dayAgo(app, 0);
    await write(app, `${day}T10:00:00Z`, { requests: 1, latency: { 1: 1 } });
    await run(app, operation);
    expect(await rowOf(sql, day)).toMatchObject({ total_requests: '1' });

    const end = Date.parse(`${day}T00:00:00Z`) + dayMs;
    app.clock.advance((end - app.clock.now().getTime()) / 1000 + 7_000);
    await write(app, `${day}T10:01:00Z`, { requests: 1, latency: { 1: 1 } });
    await run(app, operation);
    expect(await rowOf(sql, day)).toMatchObject({ total_requests: '2' });

    app.clock.advance(300);
    await run(app, operation);
    await write(app, `${day}T10:02:00Z`, { requests: 1, latency: { 1: 1 } });
    await run(app, operation);
    expect(await rowOf(sql, day)).toMatchObject({ total_requests: '2' });
  });

  test('keeps the row of a day whose minutes are gone', async ({ app, sql }) => {
    const day = dayAgo(app, 5);
    await write(app, `${day}T10:00:00Z`, { requests: 7, latency: { 1: 7 } });
    await run(app, operation);
    app.clock.advance(10 * 86_400);
    await app.kernel.retention.dropExpired(new AbortController().signal);
    expect(await sql`select from platform.stat_minutes where minute < ${`${day}T23:59:00Z`}`).toHaveLength(0);
    await run(app, operation);
    expect(await rowOf(sql, day)).toMatchObject({ total_requests: '7' });
  });
});
