import { describe, expect } from 'vitest';

import { Inbox } from '#kernel/feed/inbox.ts';
import { openPresence } from '#kernel/presence/open-presence.ts';
import { openRedis } from '#kernel/redis/open-redis.ts';
import { buildLog, noMetrics, noTelemetry } from '#test/build.ts';
import { test as base } from '#test/database.ts';
import { openRedisServer, redis as fixture } from '#test/redis.ts';
import { openBus } from './open-bus.ts';

const test = base
  .extend('server', async ({}, { onCleanup }) => {
    const server = await openRedisServer();
    onCleanup(() => server.close());
    return server;
  })
  .extend('start', async ({ databaseUrl, database, server }, { onCleanup }) => {
    const closes: (() => Promise<void>)[] = [];
    onCleanup(async () => {
      for (const close of closes) await close();
    });
    return async () => {
      const log = buildLog();
      const inbox = new Inbox({ windowSeconds: 60, log });
      const identity = { isPooled: false, role: 'test', release: 'test' };
      const observer = { metrics: noMetrics, telemetry: noTelemetry };
      const presence = await openPresence({ url: databaseUrl, ...identity, inbox, observer, log });
      const redis = await openRedis({ url: server.url, prefix: 'ashlar:test:', log });
      const notified: string[] = [];
      presence.listen('ashlar_bus', (packet) => notified.push(packet));
      const bus = openBus({ driver: 'auto', presence, database, redis, log });
      closes.push(async () => {
        await bus.close();
        await redis.close();
        await presence.close();
      });
      const heard: string[] = [];
      bus.listen('test.topic', (message) => heard.push(message));
      return { bus, presence, redis, heard, notified };
    };
  });

describe.skipIf(fixture.isMissing)(fixture.title, () => {
  test('goes over Redis, and while that is lost over PostgreSQL', async ({ start, server }) => {
    const one = await start();
    const other = await start();
    await expect.poll(() => one.presence.processes).toBe(2);
    let n = 0;
    const send = () => {
      n += 1;
      one.bus.publish('test.topic', `${n}`);
      return other.heard;
    };
    // Subscribed is it some moments after it was opened.
    const look = { interval: 20, timeout: 5_000 };
    await expect.poll(() => one.redis.publish('bus', ''), look).toBe(2);
    await expect.poll(() => send().length, look).toBeGreaterThan(0);
    expect(other.notified).toEqual([]);

    await server.kill();
    await expect.poll(() => send() && other.notified.length, look).toBeGreaterThan(0);
    one.bus.publish('test.topic', 'by PostgreSQL');
    await expect.poll(() => other.heard).toContain('by PostgreSQL');

    await server.restart();
    await expect.poll(() => one.redis.publish('bus', '').catch(() => 0), look).toBe(2);
    const { length } = other.notified;
    one.bus.publish('test.topic', 'by Redis again');
    await expect.poll(() => other.heard).toContain('by Redis again');
    expect(other.notified).toHaveLength(length);
  });
});
