import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { isEnabledFor } from './flag.ts';

const flag = (changes: object = {}) => ({ enabled: true, actorIds: [], percentage: 100, ...changes });
const share = fc.double({ min: 0, max: 100, noNaN: true });

describe('a flag', () => {
  test('that is off is on for nobody, whatever else it says', () => {
    fc.assert(
      fc.property(fc.uuid(), share, (actorId, percentage) => {
        const off = flag({ enabled: false, actorIds: [actorId], percentage });
        expect([isEnabledFor('a.flag', off, actorId), isEnabledFor('a.flag', off, null)]).toEqual([false, false]);
      }),
    );
  });

  test('that is on is on for everybody, also for whoever is not signed in', () => {
    expect([isEnabledFor('a.flag', flag(), 'anybody'), isEnabledFor('a.flag', flag(), null)]).toEqual([true, true]);
  });

  test('that names actors is on for these alone', () => {
    const some = flag({ actorIds: ['ann', 'bob'], percentage: 0 });
    expect(['ann', 'bob', 'eve', null].map((actorId) => isEnabledFor('a.flag', some, actorId))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  test('whose share grows is taken from nobody who had it', () => {
    fc.assert(
      fc.property(fc.uuid(), share, share, (actorId, one, other) => {
        const has = (percentage: number) => isEnabledFor('a.flag', flag({ percentage }), actorId);
        expect(!has(Math.min(one, other)) || has(Math.max(one, other))).toBe(true);
      }),
    );
  });

  test.for([1, 25, 50, 90])('with a share of %d is on for about as many', (percentage) => {
    const actors = Array.from({ length: 20_000 }, (_, index) => `actor ${index}`);
    const having = actors.filter((actorId) => isEnabledFor('a.flag', flag({ percentage }), actorId));
    expect((having.length / actors.length) * 100).toBeGreaterThan(percentage - 1.5);
    expect((having.length / actors.length) * 100).toBeLessThan(percentage + 1.5);
  });

  test('is on for others than the next flag with the same share', () => {
    const actors = Array.from({ length: 1000 }, (_, index) => `actor ${index}`);
    const having = (key: string) => actors.filter((actorId) => isEnabledFor(key, flag({ percentage: 50 }), actorId));
    expect(having('a.flag')).not.toEqual(having('another.flag'));
    expect(having('a.flag')).toEqual(having('a.flag'));
  });
});
