import { expect, test } from 'vitest';

import { MemoryTier } from './memory-tier.ts';

type Given = { readonly value?: unknown; readonly names?: readonly string[] };

const put = (tier: MemoryTier, id: string, { value = 1, names = [] }: Given = {}) =>
  tier.put(id, value, { namespace: 'a', names, storedAt: 0, freshUntil: 1, staleUntil: 2 });

test('keeps what was used last, by number and by bytes', async () => {
  const tier = new MemoryTier({ maxBytes: 10_000, maxEntries: 3 });
  for (const id of ['a', 'b', 'c']) put(tier, id);
  tier.get('a');
  put(tier, 'd');
  expect([tier.get('a'), tier.get('b'), tier.get('d')].map((entry) => entry !== undefined)).toEqual([
    true,
    false,
    true,
  ]);
  put(tier, 'large', { value: 'x'.repeat(4_800) });
  expect(tier.size.bytes).toBeLessThanOrEqual(10_000);
  expect(tier.get('large')).toBeDefined();
  expect(await tier.get('large')?.promise).toHaveLength(4_800);
});

test('does not keep what is larger than all of it, nor what it replaces', () => {
  const tier = new MemoryTier({ maxBytes: 1_000, maxEntries: 3 });
  put(tier, 'a', { names: ['n'] });
  put(tier, 'a', { value: 'x'.repeat(1_000), names: ['n'] });
  expect(tier.get('a')).toBeUndefined();
  expect(tier.heldOf('a')).toEqual({ entries: 0, bytes: 0 });
});

test('drops by name, and counts what each namespace holds', () => {
  const tier = new MemoryTier({ maxBytes: 100_000, maxEntries: 100 });
  put(tier, 'a', { names: ['one', 'all'] });
  put(tier, 'b', { names: ['two', 'all'] });
  put(tier, 'a', { names: ['three', 'all'] });
  tier.drop(['one']);
  expect(tier.heldOf('a').entries).toBe(2);
  tier.drop(['three', 'unknown']);
  expect([tier.get('a') === undefined, tier.get('b') === undefined]).toEqual([true, false]);
  tier.drop(['all']);
  expect(tier.heldOf('a')).toEqual({ entries: 0, bytes: 0 });
  expect(tier.size).toEqual({ entries: 0, bytes: 0 });
});

test('weighs what values take: text, bytes, nested ones, and those that contain themselves', () => {
  const weigh = (value: unknown): number => {
    const tier = new MemoryTier({ maxBytes: 100_000_000, maxEntries: 10 });
    put(tier, 'a', { value });
    return tier.size.bytes;
  };
  expect(weigh('x'.repeat(10_000))).toBeGreaterThan(20_000);
  expect(weigh(new Uint8Array(10_000))).toBeGreaterThan(10_000);
  expect(weigh(new Map([['k', { deep: ['x'.repeat(10_000)] }]]))).toBeGreaterThan(20_000);
  expect(weigh(Array.from({ length: 100_000 }, () => 'x'.repeat(100)))).toBeGreaterThan(20_000_000);
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  expect(weigh(cycle)).toBeLessThan(1_000);
});
