import { describe, expect } from 'vitest';

import { readStats } from '#portals/platform.ts';
import { type TestApp, test } from '#test/app.ts';
import { buildActor } from '#test/build.ts';
import { toStatistics, nothingCounted } from '../../domain/statistics.ts';
import { upsertDailyStats } from '../../store/statistics.ts';

const ask = async (app: TestApp, from: string, to: string) => {
  const actor = buildActor({ isSuperuser: false, permissions: new Set([readStats.name]) });
  const response = await app.as(actor).request(`/api/v1/platform/stats/daily?from=${from}&to=${to}`);
  return { status: response.status, body: await response.json() };
};

describe('get-daily-stats', () => {
  test('shows the days from the first to the last, newest first', async ({ app, database }) => {
    const days = ['2025-12-31', '2026-01-01', '2026-01-02', '2026-01-03'];
    const row = { ...toStatistics({ ...nothingCounted, requests: 2, latency: { 5: 2 } }), activeUsers: 1 };
    await database.transaction((tx) =>
      upsertDailyStats(
        tx,
        days.map((day) => ({ ...row, day, rolledUpAt: app.clock.now() })),
      ),
    );
    const { status, body } = await ask(app, '2026-01-01', '2026-01-02');
    expect(status).toBe(200);
    expect(body).toEqual({
      items: [
        { ...row, day: '2026-01-02' },
        { ...row, day: '2026-01-01' },
      ],
    });
  });

  test('says RANGE_TOO_LONG to more than 400 days', async ({ app }) => {
    expect(await ask(app, '2020-01-01', '2021-02-03')).toMatchObject({ status: 200 });
    expect(await ask(app, '2020-01-01', '2021-02-04')).toMatchObject({ status: 400, body: { code: 'RANGE_TOO_LONG' } });
  });

  test('refuses what is no day', async ({ app }) => {
    expect(await ask(app, '2026-02-30', '2026-03-01')).toMatchObject({ status: 400, body: { code: 'INPUT_INVALID' } });
  });
});
