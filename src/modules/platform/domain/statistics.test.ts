import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { type Counts, countedSince, isNothing, nothingCounted, quantileOf, toStatistics } from './statistics.ts';

/** Bounds of the same kind as those of the histogram: each 1.2 times the one before. */
const bounds = Array.from({ length: 60 }, (_none, index) => Number((0.3 * 1.2 ** index).toPrecision(3)));

const countUp = (values: readonly number[]): Counts['latency'] => {
  const latency: Record<string, number> = {};
  for (const value of values) {
    const bound = String(bounds.find((upper) => value <= upper) ?? Infinity);
    latency[bound] = (latency[bound] ?? 0) + 1;
  }
  return latency;
};

describe('quantileOf', () => {
  test('is within a bucket of the true one', () => {
    const values = fc.array(fc.double({ min: 0.5, max: 9_000, noNaN: true }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(values, fc.constantFrom(0.5, 0.95, 0.99), (observed, quantile) => {
        const sorted = observed.toSorted((one, other) => one - other);
        const exact = sorted[Math.max(0, Math.ceil(quantile * sorted.length) - 1)] ?? 0;
        const estimate = quantileOf(countUp(observed), quantile) ?? 0;
        expect(estimate / exact).toBeGreaterThan(1 / 1.3);
        expect(estimate / exact).toBeLessThan(1.3);
      }),
    );
  });

  test('says 10 s of what took longer, and nothing of nothing', () => {
    expect(quantileOf({ 5: 1, Infinity: 99 }, 0.95)).toBe(10_000);
    expect(quantileOf({}, 0.95)).toBeNull();
  });
});

describe('toStatistics', () => {
  test('takes shares and averages of what there was', () => {
    const counts = {
      requests: 4,
      errors: 1,
      latencyMs: 100,
      latency: { 25: 4 },
      cacheHits: 3,
      cacheMisses: 1,
      tasksDone: 7,
    };
    expect(toStatistics(counts)).toEqual({
      totalRequests: 4,
      errorRate: 0.25,
      averageLatencyMs: 25,
      p95Ms: expect.closeTo(25, 0),
      p99Ms: expect.closeTo(25, 0),
      cacheHitRate: 0.75,
      tasksDone: 7,
    });
  });

  test('says null where there was nothing to divide by', () => {
    expect(toStatistics(nothingCounted)).toEqual({
      totalRequests: 0,
      errorRate: null,
      averageLatencyMs: null,
      p95Ms: null,
      p99Ms: null,
      cacheHitRate: null,
      tasksDone: 0,
    });
  });
});

test('what was counted since is what both have, without what the first has', () => {
  const before = { ...nothingCounted, requests: 2, latencyMs: 5, latency: { 2.5: 2 } };
  const now = { ...before, requests: 3, latencyMs: 15, latency: { 2.5: 2, 10: 1 }, tasksDone: 1 };
  const since = countedSince(now, before);
  expect(since).toEqual({ ...nothingCounted, requests: 1, latencyMs: 10, latency: { 10: 1 }, tasksDone: 1 });
  expect([isNothing(since), isNothing(countedSince(now, now))]).toEqual([false, true]);
});
