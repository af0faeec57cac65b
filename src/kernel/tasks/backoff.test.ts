import fc from 'fast-check';
import { expect, test } from 'vitest';

import { AppError } from '../error.ts';
import { askedDelay, defaultRetry, delayAfter, isRetriable } from './backoff.ts';

const attempts = fc.integer({ min: 1, max: 1_000 });
const randoms = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

test('waits at most twice as long after each attempt, and never more than five minutes', () => {
  fc.assert(
    fc.property(attempts, randoms, (attempt, random) => {
      const delay = delayAfter(attempt, defaultRetry, random);
      expect(delay).toBeGreaterThanOrEqual(0);
      expect(delay).toBeLessThanOrEqual(Math.min(300_000, 1000 * 2 ** (attempt - 1)));
    }),
  );
});

test('spreads over the whole time: no random number, no delay', () => {
  expect(delayAfter(3, defaultRetry, 0)).toBe(0);
  expect(delayAfter(3, defaultRetry, 0.5)).toBe(2_000);
});

test.each([
  ['unavailable', true],
  ['rate_limited', true],
  ['internal', true],
  ['invalid', false],
  ['conflict', false],
  ['not_found', false],
  ['forbidden', false],
  ['unauthenticated', false],
] as const)('an error of kind %s is tried again: %s', (kind, isTried) => {
  expect(isRetriable(new AppError('X', { kind }))).toBe(isTried);
});

test.each([
  [3, 3_000],
  [0, 0],
  [1e9, 86_400_000],
  [-1, null],
  [Number.NaN, null],
  ['3', null],
  [undefined, null],
])('retryAfter %s is a delay of %s ms', (retryAfter, delay) => {
  expect(askedDelay(new AppError('X', { kind: 'rate_limited', details: { retryAfter } }))).toBe(delay);
});
