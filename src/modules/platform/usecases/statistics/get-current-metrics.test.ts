import { describe, expect } from 'vitest';

import { newId } from '#kernel/ids.ts';
import { readStats } from '#portals/platform.ts';
import { test } from '#test/app.ts';
import { buildActor } from '#test/build.ts';
import { nothingCounted } from '../../domain/statistics.ts';
import { insertDailyActive, upsertStatMinutes } from '../../store/statistics.ts';

const path = '/api/v1/platform/metrics/current';

describe('get-current-metrics', () => {
  test('tells of the last five minutes and of today, in all processes together', async ({ app }) => {
    const { lanes } = app.kernel.database;
    // At noon of another day, whenever this runs.
    const noon = new Date(`${app.clock.now().toISOString().slice(0, 10)}T12:00:00Z`).getTime() + 2 * 86_400_000;
    app.clock.advance((noon - app.clock.now().getTime()) / 1000 + 20);
    const write = (minutesAgo: number, counts: Partial<typeof nothingCounted>) =>
      upsertStatMinutes(lanes, [
        { ...nothingCounted, ...counts, minute: new Date(noon - minutesAgo * 60_000), source: newId() },
      ]);
    await write(1, { requests: 4, errors: 1, latencyMs: 40, latency: { 10: 4 } });
    await write(1, { requests: 4, latencyMs: 40, latency: { 10: 4 } });
    await write(5, { cacheHits: 1 });
    await write(6, { requests: 2, latencyMs: 80, latency: { 50: 2 }, tasksDone: 3 });
    await write(12 * 60 + 1, { requests: 100, latencyMs: 1, latency: { 1: 100 } });
    const day = new Date(noon).toISOString().slice(0, 10);
    await insertDailyActive(lanes, { day, actorIds: [newId(), newId()] });

    const actor = buildActor({ isSuperuser: false, permissions: new Set([readStats.name]) });
    const response = await app.as(actor).request(path);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      at: new Date(noon + 20_000).toISOString(),
      lastFiveMinutes: {
        totalRequests: 8,
        errorRate: 0.125,
        averageLatencyMs: 10,
        p95Ms: expect.closeTo(10, 0),
        p99Ms: expect.closeTo(10, 0),
        cacheHitRate: 1,
        tasksDone: 0,
      },
      today: {
        totalRequests: 10,
        errorRate: 0.1,
        averageLatencyMs: 16,
        p95Ms: expect.closeTo(45, -1),
        p99Ms: expect.closeTo(49, 0),
        cacheHitRate: 1,
        tasksDone: 3,
        activeUsers: 2,
      },
    });
  });

  test('is refused without platform:read-stats', async ({ app }) => {
    const actor = buildActor({ isSuperuser: false, permissions: new Set() });
    expect((await app.as(actor).request(path)).status).toBe(403);
  });
});
