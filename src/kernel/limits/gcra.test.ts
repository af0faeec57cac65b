import fc from 'fast-check';
import { expect, test } from 'vitest';

import { charge, repay } from './gcra.ts';
import { createPolicy, type Policy } from './rate.ts';

const policyOf = (limit: number, perSeconds: number, burst: number): Policy =>
  createPolicy('probe', { limit, perSeconds, burst, store: 'local' });

const policies = fc
  .tuple(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 3600 }), fc.integer({ min: 1, max: 50 }))
  .map((numbers) => policyOf(...numbers));

/** Moments in whole microseconds, in order, most of them close together. */
const moments = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 0, max: 100_000_000 })), { maxLength: 300 })
  .map((gaps) => {
    let micros = 0;
    return gaps.map((gap) => (micros += gap));
  });

/** The same promise, told differently: a bucket of tokens, reckoned in whole microseconds. */
const createBucket = ({ intervalMs, burst }: Policy) => {
  const interval = BigInt(Math.round(intervalMs * 1000));
  const full = BigInt(burst) * interval;
  let level = full;
  let last = 0n;
  return (micros: number): boolean => {
    const filled = level + BigInt(micros) - last;
    level = filled > full ? full : filled;
    last = BigInt(micros);
    if (level < interval) return false;
    level -= interval;
    return true;
  };
};

test('allows exactly what a bucket of tokens allows', () => {
  fc.assert(
    fc.property(policies, moments, (policy, times) => {
      const bucket = createBucket(policy);
      let tat = 0;
      for (const micros of times) {
        const next = charge(tat, micros / 1000, policy);
        expect(next !== null).toBe(bucket(micros));
        tat = next ?? tat;
      }
    }),
    { numRuns: 500 },
  );
});

test('in no stretch of time more than the burst and what the rate adds', () => {
  fc.assert(
    fc.property(policies, moments, (policy, times) => {
      let tat = 0;
      const allowed = times.filter((micros) => {
        const next = charge(tat, micros / 1000, policy);
        tat = next ?? tat;
        return next !== null;
      });
      for (const [first, from] of allowed.entries()) {
        for (const [last, to] of allowed.entries()) {
          if (last < first) continue;
          expect(last - first + 1).toBeLessThanOrEqual(
            policy.burst + Math.floor((to - from) / 1000 / policy.intervalMs + 1e-6),
          );
        }
      }
    }),
    { numRuns: 100 },
  );
});

test('what is refused costs nothing: whoever waits as told is let in', () => {
  const policy = policyOf(2, 1, 3);
  let tat = 0;
  for (let count = 0; count < 3; count += 1) tat = charge(tat, 1000, policy) ?? tat;

  for (let tries = 0; tries < 100; tries += 1) expect(charge(tat, 1499, policy)).toBeNull();
  expect(charge(tat, 1500, policy)).not.toBeNull();
});

test('one that is given back at once leaves no trace', () => {
  fc.assert(
    fc.property(policies, moments, (policy, times) => {
      let tat = 0;
      for (const [index, micros] of times.entries()) {
        const now = micros / 1000;
        const charged = charge(tat, now, policy);
        if (charged === null) continue;
        const refunded = repay(charged, now, { charged, intervalMs: policy.intervalMs });
        expect(Math.max(refunded, now)).toBeCloseTo(Math.max(tat, now), 6);
        // Every other one stays, so that the next starts with a debt.
        tat = index % 2 === 0 ? charged : refunded;
      }
    }),
  );
});

test('one that time has paid off already is not given back again', () => {
  const policy = policyOf(1, 1, 1);
  const first = charge(0, 10_000, policy) ?? 0;
  const second = charge(first, 11_000, policy) ?? 0;

  expect(repay(second, 11_000, { charged: first, intervalMs: policy.intervalMs })).toBe(second);
});

test('numbers that are no rate stop the start', () => {
  for (const [limit, perSeconds, burst] of [
    [0, 1, 1],
    [-1, 1, 1],
    [1, 0, 1],
    [1, 1, 0],
    [1, 1, 1.5],
    [NaN, 1, 1],
  ] as const) {
    expect(() => policyOf(limit, perSeconds, burst)).toThrow('the rate of probe');
  }
});
