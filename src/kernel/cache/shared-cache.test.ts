import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { describe, expect } from 'vitest';

import { newId } from '#kernel/ids.ts';
import { openRedisServer, redis as fixture } from '#test/redis.ts';
import { numbersIn } from './testing/open-cache-process.ts';
import { createSource, test as base } from './testing/with-cache-processes.ts';

const test = base
  .extend('server', async ({}, { onCleanup }) => {
    const server = await openRedisServer();
    onCleanup(() => server.close());
    return server;
  })
  .extend('stampede', async ({ databaseUrl, sql }, { onCleanup }) => {
    const children: ChildProcess[] = [];
    onCleanup(() => children.forEach((child) => child.kill('SIGKILL')));
    const program = fileURLToPath(new URL('testing/stampede-process.ts', import.meta.url));
    await sql.unsafe('create table if not exists public.loads (n serial)');
    await sql.unsafe(`grant all on public.loads, public.loads_n_seq to ${new URL(databaseUrl).username}`);
    await sql.unsafe('truncate public.loads');
    /** How often it was loaded while four processes asked for it, 250 times each. */
    return async (...args: readonly string[]) => {
      const asking = Array.from({ length: 4 }, () => fork(program, [databaseUrl, ...args]));
      children.push(...asking);
      await Promise.all(asking.map((child) => once(child, 'message')));
      const key = newId();
      const answers = asking.map((child) => once(child, 'message'));
      for (const child of asking) child.send(key);
      expect((await Promise.all(answers)).flatMap(([list]) => list)).toEqual(Array.from({ length: 1_000 }, () => 42));
      return (await sql`select from public.loads`).length;
    };
  });

describe('several processes', () => {
  test.for([
    ['a key', { keys: [{ namespace: 'test.process', key: 'x.1' }] }],
    ['a tag', { tags: ['x'] }],
    ['a namespace', { namespaces: ['test.process'] }],
  ] as const)('%s is outdated everywhere within a second, without a bus', async ([, outdated], { start }) => {
    const [one, other] = [await start(), await start()];
    const { load } = createSource();
    const space = numbersIn('process');
    for (const { cache } of [one, other]) await cache.get(space, 'x.1', load);
    await other.cache.get(space, 'y.1', load);
    await one.invalidate(outdated);
    const committedAt = performance.now();
    expect(await one.cache.get(space, 'x.1', load)).toBe(4);
    await expect.poll(() => other.cache.get(space, 'x.1', load), { interval: 10 }).toBe(5);
    expect(performance.now() - committedAt).toBeLessThan(1_000);
    const kept = 'namespaces' in outdated ? 6 : 3;
    expect(await other.cache.get(space, 'y.1', load)).toBe(kept);
  });

  test('nothing is outdated by what was rolled back', async ({ start }) => {
    const { cache, database } = await start();
    const { load } = createSource();
    const space = numbersIn('process');
    await cache.get(space, 'rolled.1', load);
    const failed = database.transaction(async (tx) => {
      await cache.invalidate(tx, { tags: ['rolled'] });
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(await cache.get(space, 'rolled.1', load)).toBe(1);
  });

  test('share what is dear through PostgreSQL, and a new one begins with it', async ({ start }) => {
    const { load } = createSource();
    const space = numbersIn('database');
    const one = await start();
    expect(await one.cache.get(space, 'dear', load)).toBe(1);
    const other = await start();
    expect(await other.cache.get(space, 'dear', load)).toBe(1);
    expect(other.cache.counted()).toMatchObject([{ l3: 1, load: 0 }]);
  });

  test('what another one stored too late, having loaded it before an invalidation, is refused', async ({
    start,
    sql,
  }) => {
    const [slow, other] = [await start(), await start()];
    const source = createSource();
    const gate = Promise.withResolvers<void>();
    source.gate = gate.promise;
    const space = numbersIn('database');
    const late = slow.cache.get(space, 'late.1', source.load);
    await expect.poll(() => source.loads).toBe(1);
    // The slow one learns of nothing any more, and stores what it has.
    await slow.presence.close();
    await other.invalidate({ tags: ['late'] });
    gate.resolve();
    await late;
    await expect.poll(() => sql`select value from kernel.cache_entries where key = 'late.1'`).toEqual([{ value: '1' }]);
    expect(await other.cache.get(space, 'late.1', source.load)).toBe(2);
    const third = await start();
    expect(await third.cache.get(space, 'late.1', source.load)).toBe(2);
  });

  test('a value of another shape, as another release wrote it, is loaded anew', async ({ start, sql }) => {
    const { cache } = await start();
    const { load } = createSource();
    await cache.get(numbersIn('database'), 'first', load);
    await sql`update kernel.cache_entries set key = 'shape', value = '{"n":1}' where key = 'first'`;
    expect(await cache.get(numbersIn('database'), 'shape', load)).toBe(2);
  });

  test('1,000 misses in four processes are one load', { timeout: 60_000 }, async ({ stampede }) => {
    expect(await stampede('database')).toBe(1);
  });

  test('whoever waits longer than a second for another process loads it too', async ({ start }) => {
    const [slow, other] = [await start(), await start()];
    const [begun, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<number>()];
    const space = numbersIn('database');
    const late = slow.cache.get(space, 'slow', () => {
      begun.resolve();
      return gate.promise;
    });
    await begun.promise;
    const askedAt = performance.now();
    expect(await other.cache.get(space, 'slow', () => Promise.resolve(5))).toBe(5);
    expect(performance.now() - askedAt).toBeGreaterThan(900);
    gate.resolve(6);
    expect(await late).toBe(6);
  });

  test.for(['process', 'database'] as const)(
    'asked all the time while it changes: what was committed is seen by all within a second (%s)',
    { timeout: 60_000 },
    async (tier, { start, sql }) => {
      const processes = [await start(), await start()];
      const [writer] = processes;
      const space = numbersIn(tier, { name: `test.changing-${tier}` });
      await sql.unsafe('create table if not exists public.truth (n int)');
      await sql.unsafe('truncate public.truth; insert into public.truth values (0)');
      const load = async () => Number((await sql`select n from public.truth`)[0]?.['n']);
      let isOver = false;
      const readers = processes.map(async ({ cache }) => {
        while (!isOver) {
          await cache.get(space, 'truth.1', load);
          await new Promise((resolve) => setImmediate(resolve));
        }
      });
      for (let n = 1; n <= 12; n += 1) {
        await sql`update public.truth set n = ${n}`;
        await writer?.invalidate(
          n % 2 === 0 ? { tags: ['truth'] } : { keys: [{ namespace: space.name, key: 'truth.1' }] },
        );
        const committedAt = performance.now();
        for (const { cache } of processes) {
          await expect.poll(() => cache.get(space, 'truth.1', load), { interval: 5 }).toBe(n);
        }
        expect(performance.now() - committedAt).toBeLessThan(1_000);
      }
      isOver = true;
      await Promise.all(readers);
    },
  );
});

describe.skipIf(fixture.isMissing)(fixture.title, () => {
  test(
    'processes share values, and 1,000 misses in four of them are one load',
    { timeout: 60_000 },
    async ({ server, start, stampede }) => {
      const { load } = createSource();
      const space = numbersIn('shared');
      const [one, other] = [await start({ redisUrl: server.url }), await start({ redisUrl: server.url })];
      expect(await one.cache.get(space, 'r.1', load)).toBe(1);
      expect(await other.cache.get(space, 'r.1', load)).toBe(1);
      expect(other.cache.counted()).toMatchObject([{ l2: 1, load: 0 }]);
      await one.invalidate({ tags: ['r'] });
      expect(await one.cache.get(space, 'r.1', load)).toBe(2);
      await expect.poll(() => other.cache.get(space, 'r.1', load)).toBe(2);
      expect(await stampede('shared', server.url)).toBe(1);
    },
  );

  test('what PostgreSQL has fills Redis', async ({ server, start }) => {
    const { load } = createSource();
    const space = numbersIn('database');
    const without = await start();
    await without.cache.get(space, 'up.1', load);
    const [one, other] = [await start({ redisUrl: server.url }), await start({ redisUrl: server.url })];
    expect(await one.cache.get(space, 'up.1', load)).toBe(1);
    expect(await other.cache.get(space, 'up.1', load)).toBe(1);
    expect([one.cache.counted(), other.cache.counted()]).toMatchObject([[{ l3: 1 }], [{ l2: 1 }]]);
  });

  test('killed, nobody notices but that memory is trusted for less long; then it is used again', async ({
    server,
    start,
  }) => {
    const { load } = createSource();
    const space = numbersIn('shared');
    const { cache } = await start({ redisUrl: server.url, timing: { withoutRedisMs: 300 } });
    expect(await cache.get(space, 'lost.1', load)).toBe(1);
    expect(cache.redis).toBe('up');
    await server.kill();
    await expect.poll(() => cache.redis).toBe('lost');
    await expect.poll(() => cache.get(space, 'lost.1', load)).toBe(2);
    expect(await cache.get(space, 'lost.2', load)).toBe(3);
    await server.restart();
    await expect.poll(() => cache.redis, { timeout: 10_000 }).toBe('up');
    expect(await cache.get(space, 'lost.3', load)).toBe(4);
  });
});
