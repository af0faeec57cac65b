import fc from 'fast-check';
import { expect, test } from 'vitest';

import { countInto, createBuckets, createShape, cumulate } from './buckets.ts';
import { durationBuckets } from './create-metrics.ts';

const values = fc.array(fc.oneof(fc.double({ min: 0, max: 20, noNaN: true }), fc.constantFrom(...durationBuckets)));

test('parts of a bucket change nothing of what is shown', () => {
  fc.assert(
    fc.property(values, (observed) => {
      const [plain, fine] = [1, 4].map((parts) => {
        const shape = createShape(durationBuckets, parts);
        const slot = createBuckets(shape);
        for (const value of observed) countInto(slot, shape, value);
        return cumulate(slot, shape);
      });
      expect(fine).toEqual(plain);
      expect(plain).toEqual([
        ...durationBuckets.map((bound) => observed.filter((value) => value <= bound).length),
        observed.length,
      ]);
    }),
  );
});

test('a bound is at most 1.27 times the one before', () => {
  const { fineBounds } = createShape(durationBuckets, 4);
  expect(fineBounds).toHaveLength(durationBuckets.length * 4);
  fineBounds.slice(4).forEach((bound, index) => expect(bound / (fineBounds[index + 3] ?? 0)).toBeLessThan(1.27));
  expect(fineBounds).toEqual([...fineBounds].toSorted((one, other) => one - other));
});
