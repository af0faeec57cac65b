import assert from 'node:assert/strict';
import { test } from 'node:test';

import { formatGoals } from './goals.ts';

const verdictOf = (goal: { atLeast?: number; atMost?: number; value: number | null }): string =>
  formatGoals([{ what: 'goal', ...goal }])
    .split('\n')[2]
    ?.split(/\s{2,}/)
    .at(-1) ?? '';

test('says how far a goal was missed, in both directions', () => {
  assert.equal(verdictOf({ atLeast: 0.6, value: 0.6 }), 'met');
  assert.equal(verdictOf({ atLeast: 0.6, value: 0.57 }), 'missed by 5.0 %');
  assert.equal(verdictOf({ atMost: 1.8, value: 1.8 }), 'met');
  assert.equal(verdictOf({ atMost: 1.8, value: 2.7 }), 'missed by 50 %');
});

test('never takes a figure that is not there for a goal that was met', () => {
  assert.equal(verdictOf({ atLeast: 0.6, value: null }), 'not measured');
  assert.equal(verdictOf({ atLeast: 0.6, value: NaN }), 'not measured');
});
