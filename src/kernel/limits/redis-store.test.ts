import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { describe, expect } from 'vitest';
import { z } from 'zod';

import { openRedis } from '#kernel/redis/open-redis.ts';
import { buildLog } from '#test/build.ts';
import { test as base } from '#test/database.ts';
import { openRedisServer, redis as fixture } from '#test/redis.ts';
import { createKeyHash } from './key-hash.ts';
import { createPolicy } from './rate.ts';
import { createRedisStore } from './redis-store.ts';
import { remainingOf, retryAfterSeconds } from './reservation.ts';

const program = fileURLToPath(new URL('testing/limit-process.ts', import.meta.url));
const counts = z.object({ shared: z.int(), local: z.int(), refused: z.int(), failed: z.int() });

const test = base
  .extend('server', async ({}, { onCleanup }) => {
    const server = await openRedisServer();
    onCleanup(() => server.close());
    return server;
  })
  .extend('redis', async ({ server }, { onCleanup }) => {
    const redis = await openRedis({ url: server.url, prefix: 'ashlar:test:', log: buildLog() });
    onCleanup(() => redis.close());
    return redis;
  })
  .extend('store', ({ redis }) => createRedisStore({ redis, hash: createKeyHash(() => Buffer.alloc(32, 7)) }));

const slow = (name: string, burst = 3) => createPolicy(name, { limit: 1, perSeconds: 60, burst, store: 'shared' });

describe.skipIf(fixture.isMissing)(fixture.title, () => {
  test('allows the burst, then refuses and says when to come again', async ({ store }) => {
    const seen = [];
    for (let count = 0; count < 5; count += 1) seen.push(await store.reserve(slow('burst'), 'someone'));

    expect(seen.map(({ isAllowed }) => isAllowed)).toEqual([true, true, true, false, false]);
    expect(seen.map(remainingOf)).toEqual([2, 1, 0, 0, 0]);
    const waits = seen.slice(3).map(retryAfterSeconds);
    expect(waits.every((seconds) => seconds > 50 && seconds <= 60)).toBe(true);
    expect((await store.reserve(slow('burst'), 'someone else')).isAllowed).toBe(true);
  });

  test('lets in again at the average rate', async ({ store }) => {
    const policy = createPolicy('pace', { limit: 20, perSeconds: 1, burst: 1, store: 'shared' });
    const startedAt = performance.now();
    let allowed = 0;

    while (allowed < 11) if ((await store.reserve(policy, 'someone')).isAllowed) allowed += 1;

    // Ten pauses of 50 ms.
    expect(performance.now() - startedAt).toBeGreaterThan(495);
  });

  test('refunded or cleared, the next is let in, and a refund gives back one', async ({ store }) => {
    const policy = slow('refund', 1);
    const first = await store.reserve(policy, 'someone');
    expect((await store.reserve(policy, 'someone')).isAllowed).toBe(false);

    await store.refund(first);
    expect((await store.reserve(policy, 'someone')).isAllowed).toBe(true);
    expect((await store.reserve(policy, 'someone')).isAllowed).toBe(false);
    await store.clear(policy, 'someone');
    expect((await store.reserve(policy, 'someone')).isAllowed).toBe(true);
  });

  test('a refund gives back nothing that time has given back', async ({ store }) => {
    const policy = slow('late refund', 2);
    const first = await store.reserve(policy, 'someone');
    await store.reserve(policy, 'someone');
    // As if it had been made two minutes ago.
    await store.refund({ ...first, charged: first.charged - 120_000_000 });
    expect((await store.reserve(policy, 'someone')).isAllowed).toBe(false);
  });

  test('what is stored names nobody, and goes by itself', async ({ store, redis }) => {
    await store.reserve(slow('private'), '203.0.113.77');
    const [keys, ttl] = await redis.run(async (client) => {
      const names = z.array(z.string()).parse(await client.eval(`return redis.call('KEYS', '*')`));
      return [names, await client.eval(`return redis.call('PTTL', KEYS[1])`, { keys: [names[0]?.slice(12) ?? ''] })];
    });
    expect(keys).toEqual([expect.stringMatching(/^ashlar:test:limit:[\w-]{43}$/)]);
    expect(Number(ttl)).toBeGreaterThan(50_000);
    expect(Number(ttl)).toBeLessThanOrEqual(60_000);
  });

  test(
    'four processes that race hold the limit, also when Redis is killed in the middle',
    { timeout: 60_000 },
    async ({ databaseUrl, server, onTestFinished }) => {
      const children: ChildProcess[] = [];
      onTestFinished(() => children.forEach((child) => void child.kill('SIGKILL')));
      for (let n = 0; n < 4; n += 1) children.push(fork(program, [databaseUrl, server.url, '4']));
      await Promise.all(children.map((child) => once(child, 'message')));

      const startedAt = performance.now();
      for (const child of children) child.send('begin');
      await untilPassed(1_500);
      await server.kill();
      const killedAt = performance.now();
      await untilPassed(1_500);
      const answers = children.map((child) => once(child, 'message'));
      for (const child of children) child.send('end');
      const runs = (await Promise.all(answers)).map(([message]) => counts.parse(message));
      const endedAt = performance.now();

      const sum = (of: (run: z.infer<typeof counts>) => number) => runs.reduce((total, run) => total + of(run), 0);
      const seconds = (from: number, to: number) => (to - from) / 1000;
      const shared = sum((run) => run.shared);
      const local = sum((run) => run.local);
      expect(shared).toBeLessThanOrEqual(40 + 40 * seconds(startedAt, killedAt) + 1);
      expect(shared).toBeGreaterThanOrEqual(40);
      // Each has a share of the limit, which begins anew: together never more than the limit, and never none.
      expect(local).toBeLessThanOrEqual(40 + 40 * seconds(startedAt, endedAt) + 4);
      expect(local).toBeGreaterThanOrEqual(40);
      expect(sum((run) => run.failed)).toBe(0);
      // They did race.
      expect(Math.min(...runs.map((run) => run.refused))).toBeGreaterThan(50);
    },
  );
});

/** The condition is time itself: a rate is so many in so long. */
const untilPassed = async (ms: number): Promise<void> => {
  const from = performance.now();
  await expect.poll(() => performance.now() - from, { timeout: ms * 3 }).toBeGreaterThan(ms);
};
