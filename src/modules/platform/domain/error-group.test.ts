import { expect, test } from 'vitest';

import { noticeDue, type NoticeState } from './error-group.ts';

const at = (minutes: number): Date => new Date(Date.UTC(2026, 0, 1) + minutes * 60_000);

const group = (changes: Partial<NoticeState>): NoticeState => ({
  state: 'open',
  count: 1,
  regressedAt: null,
  notifiedAt: at(0),
  notifiedCount: 1,
  ...changes,
});

const isNew = { notifiedAt: null, notifiedCount: 0 };

test.for([
  ['a new one', group(isNew), 'error_opened'],
  ['a new one that came a thousand times at once', group({ ...isNew, count: 1_000 }), 'error_opened'],
  ['one that came back before anybody was told', group({ ...isNew, state: 'regressed' }), 'error_regressed'],
  ['one that came a few times more', group({ count: 9 }), null],
  ['the 10th', group({ count: 10 }), 'error_seen_often'],
  ['one between milestones', group({ count: 99, notifiedCount: 10 }), null],
  ['the 100th', group({ count: 100, notifiedCount: 12 }), 'error_seen_often'],
  ['the 1,000th', group({ count: 1_234, notifiedCount: 100 }), 'error_seen_often'],
  ['one past every milestone', group({ count: 1_000_000, notifiedCount: 1_000 }), null],
  ['one that came back', group({ state: 'regressed', regressedAt: at(5) }), 'error_regressed'],
  ['one that came back, and somebody knows', group({ state: 'regressed', regressedAt: at(-5) }), null],
  ['an ignored one', group({ state: 'ignored', count: 1_000 }), null],
  ['a resolved one', group({ state: 'resolved', count: 1_000 }), null],
] as const)('decides about %s', ([, state, due]) => {
  expect(noticeDue(state, at(15))).toBe(due);
});

test('tells nothing of a group twice within 15 minutes', () => {
  const often = group({ count: 1_000, state: 'regressed', regressedAt: at(1) });
  expect(noticeDue(often, at(14.99))).toBeNull();
  expect(noticeDue(often, at(15))).toBe('error_regressed');
});
