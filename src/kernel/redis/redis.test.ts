import { createHash } from 'node:crypto';

import { describe, expect } from 'vitest';

import { buildLog } from '#test/build.ts';
import { test as base } from '#test/database.ts';
import { openRedisServer, redis as fixture } from '#test/redis.ts';
import { createBreaker } from './breaker.ts';
import { openRedis } from './open-redis.ts';
import type { Redis } from './redis.ts';

const test = base
  .extend('server', async ({}, { onCleanup }) => {
    const server = await openRedisServer();
    onCleanup(() => server.close());
    return server;
  })
  .extend('connect', ({ server }, { onCleanup }) => {
    const opened: Redis[] = [];
    onCleanup(async () => {
      for (const redis of opened) await redis.close();
    });
    return async (prefix = 'ashlar:test:') => {
      const lines: Record<string, unknown>[] = [];
      const redis = await openRedis({ url: server.url, prefix, log: buildLog(lines) });
      opened.push(redis);
      return Object.assign(redis, { warnings: () => lines.filter(({ level }) => level === 40).length });
    };
  });

const scriptOf = (text: string) => ({ text, sha: createHash('sha1').update(text).digest('hex') });

describe.skipIf(fixture.isMissing)(fixture.title, () => {
  test('two installations in one server do not see each other', async ({ connect }) => {
    const one = await connect();
    const other = await connect('ashlar:other:');
    const heard: string[] = [];
    other.subscribe('channel', (message) => heard.push(message));
    await expect.poll(() => other.publish('channel', 'own')).toBe(1);
    await one.run((client) => client.set('key', 'value'));
    expect(await one.run((client) => client.get('key'))).toBe('value');
    expect(await other.run((client) => client.get('key'))).toBeNull();
    expect(await one.publish('channel', 'foreign')).toBe(0);
    expect(new Set(heard)).toEqual(new Set(['own']));
  });

  test('runs a script that the server does not know, and one that it knows', async ({ connect }) => {
    const redis = await connect();
    const script = scriptOf('return {KEYS[1], ARGV[1]}');
    const call = { keys: ['k'], args: ['v'] };
    expect(await redis.script(script, call)).toEqual(['ashlar:test:k', 'v']);
    expect(await redis.script(script, call)).toEqual(['ashlar:test:k', 'v']);
  });

  test('killed: fails at once, and is back with its subscriptions when the server is', async ({ connect, server }) => {
    const redis = await connect();
    const heard: string[] = [];
    redis.subscribe('channel', (message) => heard.push(message));
    await expect.poll(() => redis.publish('channel', 'before')).toBe(1);
    await server.kill();
    await expect(redis.run((client) => client.get('key'))).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
    expect(redis.isUp).toBe(false);
    await server.restart();
    const look = { timeout: 5_000, interval: 50 };
    await expect.poll(() => redis.publish('channel', 'after').catch(() => 0), look).toBe(1);
    await expect.poll(() => heard).toContain('after');
    expect(redis.isUp).toBe(true);
    expect(redis.warnings()).toBe(1);
  });

  test('silent: costs a quarter of a second once, not for each who asks', async ({ connect, server }) => {
    const redis = await connect();
    await redis.run((client) => client.set('key', 'value'));
    server.freeze();
    const startedAt = performance.now();
    await expect(redis.run((client) => client.get('key'))).rejects.toThrow('REDIS_UNAVAILABLE');
    expect(performance.now() - startedAt).toBeGreaterThan(240);
    const failedAt = performance.now();
    for (let count = 0; count < 100; count += 1) {
      await expect(redis.run((client) => client.get('key'))).rejects.toThrow('REDIS_UNAVAILABLE');
    }
    expect(performance.now() - failedAt).toBeLessThan(200);
    server.thaw();
    const look = { timeout: 5_000, interval: 50 };
    await expect.poll(() => redis.run((client) => client.get('key')).catch(() => null), look).toBe('value');
  });

  test('away from the beginning: is found when it comes', async ({ connect, server }) => {
    await server.kill();
    const redis = await connect();
    await expect(redis.run((client) => client.get('key'))).rejects.toThrow('REDIS_UNAVAILABLE');
    await server.restart();
    const look = { timeout: 5_000, interval: 50 };
    await expect.poll(() => redis.run((client) => client.set('key', 'value')).catch(() => null), look).toBe('OK');
  });
});

base('after a failure one tries each second, while the others do not wait', async () => {
  const clock = { ms: 0 };
  const changes: boolean[] = [];
  const breaker = createBreaker({ now: () => clock.ms, onChange: (isUp) => changes.push(isUp) });
  let calls = 0;
  const fail = () => {
    calls += 1;
    return Promise.reject(new Error('gone'));
  };
  await expect(breaker.run(fail)).rejects.toThrow('REDIS_UNAVAILABLE');
  await expect(breaker.run(fail)).rejects.toThrow('REDIS_UNAVAILABLE');
  expect([calls, breaker.isClosed]).toEqual([1, false]);
  clock.ms = 1_000;
  expect(breaker.isClosed).toBe(true);
  await Promise.allSettled([breaker.run(fail), breaker.run(fail), breaker.run(fail)]);
  expect(calls).toBe(2);
  clock.ms = 2_000;
  expect(await breaker.run(() => Promise.resolve('back'))).toBe('back');
  expect(changes).toEqual([false, true]);
});
