import { describe, expect } from 'vitest';

import { readHealth } from '#portals/platform.ts';
import { type TestApp, test } from '#test/app.ts';
import { buildActor } from '#test/build.ts';

const ask = (app: TestApp, permissions: readonly string[]) =>
  app
    .as(buildActor({ isSuperuser: false, permissions: new Set(permissions) }))
    .request('/api/v1/platform/health-report');

describe('get-health', () => {
  test('reports the process, the database and the checks of the modules', async ({ app }) => {
    const response = await ask(app, [readHealth.name]);

    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      status: 'ok',
      release: app.kernel.release,
      process: {
        uptimeSeconds: expect.any(Number),
        heapUsedBytes: expect.any(Number),
        residentBytes: expect.any(Number),
        cpuPercent: expect.any(Number),
        eventLoopP99Ms: expect.any(Number),
      },
      database: {
        queryMs: expect.any(Number),
        connections: expect.any(Number),
        oldestTransactionSeconds: null,
      },
      checks: {},
    });
  });

  test('is refused without platform:read-health', async ({ app }) => {
    const response = await ask(app, ['platform:read-other']);

    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  test('tells how long the oldest transaction is open', async ({ app, database }) => {
    const { promise: isOpen, resolve: opened } = Promise.withResolvers<void>();
    const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
    const transaction = database.transaction(async (tx) => {
      await tx.execute('select 1');
      opened();
      await mayEnd;
    });
    await isOpen;

    const report = await (await ask(app, [readHealth.name])).json();
    end();
    await transaction;

    expect(report).toMatchObject({ database: { oldestTransactionSeconds: expect.any(Number) } });
  });
});
