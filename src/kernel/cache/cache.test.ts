import { expect } from 'vitest';

import { numbersIn } from './testing/open-cache-process.ts';
import { createSource, test } from './testing/with-cache-processes.ts';

const failing = () => Promise.reject(new Error('away'));

test('loads once, however many ask at once and later', async ({ start }) => {
  const { cache, metrics } = await start();
  const { load } = createSource();
  const space = numbersIn('process');
  expect(await Promise.all(Array.from({ length: 100 }, () => cache.get(space, 'a', load)))).toEqual(
    Array.from({ length: 100 }, () => 1),
  );
  expect(await cache.get(space, 'a', load)).toBe(1);
  expect(await cache.get(space, 'b', load)).toBe(2);
  expect(cache.counted()).toMatchObject([{ namespace: 'test.process', l1: 1, load: 101, entries: 2 }]);
  const exposed = await metrics.expose();
  expect(exposed).toContain('ashlar_cache_hits_total{namespace="test.process",tier="l1"} 1');
  expect(exposed).toContain('ashlar_cache_misses_total{namespace="test.process"} 101');
});

test('loads again once it is too old', async ({ start }) => {
  const { cache } = await start();
  const { load } = createSource();
  const space = numbersIn('process', { ttlSeconds: 0.05 });
  await cache.get(space, 'a', load);
  await expect.poll(() => cache.get(space, 'a', load)).toBe(2);
});

test('gives an older value within its grace when loading fails, and the failure after it', async ({ start }) => {
  const { cache } = await start();
  const space = numbersIn('process', { ttlSeconds: 0.02, graceSeconds: 1.5 });
  await cache.get(space, 'a', () => Promise.resolve(7));
  const older = async () => {
    expect(await cache.get(space, 'a', failing)).toBe(7);
    return cache.counted()[0]?.stale;
  };
  await expect.poll(older, { interval: 5 }).toBe(1);
  const outcome = () => cache.get(space, 'a', failing).catch((error: Error) => error.message);
  await expect.poll(outcome, { timeout: 5_000 }).toBe('away');
  expect(cache.counted()).toMatchObject([{ stale: expect.any(Number), failed: expect.any(Number) }]);
});

test('gives an older value within its grace after a second of loading, and the new one when it is there', async ({
  start,
}) => {
  const { cache } = await start();
  const gate = Promise.withResolvers<number>();
  const space = numbersIn('process', { ttlSeconds: 0.02, graceSeconds: 60 });
  await cache.get(space, 'a', () => Promise.resolve(7));
  const waitedMs = async () => {
    const askedAt = performance.now();
    expect(await cache.get(space, 'a', () => gate.promise)).toBe(7);
    return performance.now() - askedAt;
  };
  await expect.poll(waitedMs, { timeout: 5_000 }).toBeGreaterThan(900);
  gate.resolve(8);
  await expect.poll(() => cache.get(space, 'a', () => Promise.resolve(9))).not.toBe(7);
});

test('without grace it fails as the load does', async ({ start }) => {
  const { cache } = await start();
  const space = numbersIn('process', { ttlSeconds: 0.02 });
  await cache.get(space, 'a', () => Promise.resolve(7));
  const outcome = () => cache.get(space, 'a', failing).catch((error: Error) => error.message);
  await expect.poll(outcome).toBe('away');
});

test('does not keep what was loaded while it was invalidated, and lets nobody join that load', async ({ start }) => {
  const { cache, invalidate } = await start();
  for (const outdated of [
    { keys: [{ namespace: 'test.process', key: 'a.1' }] },
    { tags: ['a'] },
    { namespaces: ['test.process'] },
  ]) {
    const source = createSource();
    const gate = Promise.withResolvers<void>();
    source.gate = gate.promise;
    const space = numbersIn('process');
    const before = cache.get(space, 'a.1', source.load);
    await invalidate(outdated);
    const after = cache.get(space, 'a.1', source.load);
    gate.resolve();
    expect([await before, await after]).toEqual([1, 2]);
    expect(await cache.get(space, 'a.1', source.load)).toBe(2);
    await invalidate(outdated);
  }
});

test('answers nothing from memory while it does not know what others invalidate', async ({ start }) => {
  const { cache, presence } = await start({ timing: { maxBehindMs: 700 } });
  const { load } = createSource();
  const space = numbersIn('process');
  expect([await cache.get(space, 'a', load), await cache.get(space, 'a', load)]).toEqual([1, 1]);
  await presence.close();
  await expect.poll(() => cache.get(space, 'a', load)).toBe(2);
  expect(await cache.get(space, 'a', load)).toBe(3);
});
