import { hostname } from 'node:os';

import { describe, expect, onTestFinished } from 'vitest';

import { z } from 'zod';

import { openRedis } from '#kernel/redis/open-redis.ts';
import { readHealth } from '#portals/platform.ts';
import { reinstall, type TestApp, test } from '#test/app.ts';
import { buildActor } from '#test/build.ts';
import { openRedisServer, redis } from '#test/redis.ts';

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
        id: app.kernel.presence.processId,
        behindMs: expect.any(Number),
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
        oldestXmin: expect.toBeOneOf([null, { transactions: expect.any(Number), holder: expect.any(String) }]),
        pool: {
          lanes: { open: expect.any(Number), inFlight: expect.any(Number) },
          transactions: { open: expect.any(Number), busy: 0, waiting: 0 },
        },
      },
      redis: null,
      processes: [
        {
          id: app.kernel.presence.processId,
          role: 'test',
          host: hostname(),
          pid: process.pid,
          release: app.kernel.release,
          startedAt: expect.stringMatching(/Z$/),
          seenAt: expect.stringMatching(/Z$/),
        },
      ],
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

  test('tells who keeps PostgreSQL from cleaning up', async ({ app, sql, database }) => {
    const report = await sql.begin('isolation level repeatable read', async (open) => {
      await open`select 1`;
      for (let count = 0; count < 3; count += 1) {
        await database.transaction((tx) => tx.execute('select pg_current_xact_id()'));
      }
      return (await ask(app, [readHealth.name])).json();
    });
    const { database: found } = z
      .object({ database: z.object({ oldestXmin: z.object({ transactions: z.int(), holder: z.string() }) }) })
      .parse(report);
    expect(found.oldestXmin.transactions).toBeGreaterThanOrEqual(3);
    expect(found.oldestXmin.holder).toMatch(/^session \d+ of database /);
  });

  test('is as bad as the worst check that was registered', async ({ app }) => {
    app.platform.registerHealthCheck('relay', () => Promise.resolve({ status: 'degraded', detail: 'slow' }));
    expect(await (await ask(app, [readHealth.name])).json()).toMatchObject({
      status: 'degraded',
      checks: { relay: { status: 'degraded', detail: 'slow' } },
    });
  });
});

describe.skipIf(redis.isMissing)(redis.title, () => {
  test('tells how fast Redis answers, and is degraded once it is lost', async ({ app }) => {
    const server = await openRedisServer();
    onTestFinished(server.close);
    const client = await openRedis({ url: server.url, prefix: 'ashlar:test:', log: app.kernel.log });
    onTestFinished(client.close);
    const other = reinstall({ ...app, kernel: { ...app.kernel, redis: client } }, {});

    expect(await (await ask(other, [readHealth.name])).json()).toMatchObject({
      status: 'ok',
      redis: { isUp: true, pingMs: expect.any(Number) },
    });
    await server.kill();
    expect(await (await ask(other, [readHealth.name])).json()).toMatchObject({
      status: 'degraded',
      redis: { isUp: false, pingMs: null },
    });
  });
});
