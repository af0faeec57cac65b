import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { expect, test } from 'vitest';

import { createLocalStore } from './local-store.ts';
import { createPolicy } from './rate.ts';
import { remainingOf, resetSeconds, retryAfterSeconds } from './reservation.ts';

const policy = createPolicy('probe', { limit: 2, perSeconds: 1, burst: 4, store: 'local' });

const open = () => {
  const clock = { ms: 5000 };
  return { clock, store: createLocalStore({ now: () => clock.ms }) };
};

test('says how many are left, when all is back, and when to come again', () => {
  const { clock, store } = open();

  const seen = Array.from({ length: 5 }, () => store.reserve(policy, 'a'));

  expect(seen.map(({ isAllowed }) => isAllowed)).toEqual([true, true, true, true, false]);
  expect(seen.map(remainingOf)).toEqual([3, 2, 1, 0, 0]);
  expect(seen.slice(0, 4).map(resetSeconds)).toEqual([1, 1, 2, 2]);
  expect(seen.slice(4).map(retryAfterSeconds)).toEqual([1]);
  clock.ms += 500;
  expect(store.reserve(policy, 'a').isAllowed).toBe(true);
  expect(store.reserve(policy, 'a').isAllowed).toBe(false);
});

test('keys, and policies of the same key, do not know of each other', () => {
  const { store } = open();
  const other = createPolicy('other', { limit: 1, perSeconds: 60, burst: 1, store: 'local' });
  for (let count = 0; count < 5; count += 1) store.reserve(policy, 'a');

  expect(store.reserve(policy, 'b').isAllowed).toBe(true);
  expect(store.reserve(other, 'a').isAllowed).toBe(true);
  expect(store.reserve(other, 'a').isAllowed).toBe(false);
});

test('refunded or cleared, the next is let in', () => {
  const { store } = open();
  const [first] = Array.from({ length: 4 }, () => store.reserve(policy, 'a'));
  const refused = store.reserve(policy, 'a');

  store.refund(refused);
  expect(store.reserve(policy, 'a').isAllowed).toBe(false);
  if (first) store.refund(first);
  expect(store.reserve(policy, 'a').isAllowed).toBe(true);
  expect(store.reserve(policy, 'a').isAllowed).toBe(false);
  store.clear(policy, 'a');
  expect(remainingOf(store.reserve(policy, 'a'))).toBe(3);
});

test('a million keys take no more memory than those that are kept', () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const { store } = open();
  collect();
  const before = process.memoryUsage().heapUsed;

  for (let index = 0; index < 1_000_000; index += 1)
    store.reserve(policy, `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`);

  collect();
  expect(store.size).toBe(50_000);
  // 50,000 keys of some 100 bytes each, and the list that orders them.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(24 * 1024 * 1024);
});

test('a key that is in use is kept however many others come', () => {
  const { store } = open();
  for (let count = 0; count < 4; count += 1) store.reserve(policy, 'busy');

  const seen = new Set<boolean>();
  for (let index = 0; index < 200_000; index += 1) {
    store.reserve(policy, `other ${index}`);
    if (index % 1000 === 0) seen.add(store.reserve(policy, 'busy').isAllowed);
  }
  expect(seen).toEqual(new Set([false]));
});

test.each([2, 3, 4, 7])('%d processes allow together what one would, and no more', (count) => {
  const clock = { ms: 5000 };
  const processes = () => count;
  const stores = Array.from({ length: count }, () => createLocalStore({ now: () => clock.ms, processes }));
  const wide = createPolicy('wide', { limit: 100, perSeconds: 1, burst: 50, store: 'local' });
  let allowed = 0;
  const askAll = () => {
    for (let n = 0; n < 200; n += 1) for (const one of stores) if (one.reserve(wide, 'a').isAllowed) allowed += 1;
  };

  askAll();
  expect(allowed).toBeLessThanOrEqual(50);
  expect(allowed).toBeGreaterThan(50 - count);

  for (let step = 0; step < 1000; step += 1) {
    clock.ms += 10;
    askAll();
  }
  expect(allowed).toBeLessThanOrEqual(50 + 100 * 10);
  expect(allowed).toBeGreaterThan(50 + 100 * 10 - count * 2);
});

test('a share is at least one, tells its own numbers, and is whole again when the others are gone', () => {
  const clock = { ms: 5000 };
  let count = 8;
  const store = createLocalStore({ now: () => clock.ms, processes: () => count });

  const first = store.reserve(policy, 'a');
  expect([first.isAllowed, store.reserve(policy, 'a').isAllowed]).toEqual([true, false]);
  expect([first.policy.burst, remainingOf(first), retryAfterSeconds(first)]).toEqual([1, 0, 4]);

  count = 1;
  clock.ms += 4_000;
  const seen = Array.from({ length: 5 }, () => store.reserve(policy, 'a').isAllowed);
  expect(seen).toEqual([true, true, true, true, false]);
});
