import { expect, test } from 'vitest';

import { Ledger } from './ledger.ts';

const now = 1_000_000_000;

test('refuses what was loaded before an invalidation, by key or tag, and accepts what was loaded after it', () => {
  const ledger = new Ledger();
  ledger.begin(now);
  ledger.note({ names: ['key:a:1', 'tag:t'], xid: 50, atMs: now });
  const accepts = (names: readonly string[], oldestXid: number) => ledger.accepts(names, { oldestXid, atMs: now });
  expect(accepts(['key:a:1'], 50)).toBe(false);
  expect(accepts(['key:a:1'], 51)).toBe(true);
  expect(accepts(['key:a:2', 'tag:t'], 50)).toBe(false);
  expect(accepts(['key:a:2', 'tag:u'], 50)).toBe(true);
});

test('a notice that comes late does not undo a later one', () => {
  const ledger = new Ledger();
  ledger.begin(now);
  ledger.note({ names: ['n'], xid: 60, atMs: now });
  ledger.note({ names: ['n'], xid: 50, atMs: now });
  expect(ledger.accepts(['n'], { oldestXid: 55, atMs: now })).toBe(false);
});

test('a load is untouched unless one of its names was invalidated since it began', () => {
  const ledger = new Ledger();
  ledger.note({ names: ['n'], xid: 1, atMs: now });
  const since = ledger.turn;
  expect(ledger.isUntouched(['n', 'm'], since)).toBe(true);
  ledger.note({ names: ['m'], xid: 2, atMs: now });
  expect(ledger.isUntouched(['n'], since)).toBe(true);
  expect(ledger.isUntouched(['n', 'm'], since)).toBe(false);
});

test('knows nothing before it has begun, nor of the time before, nor after it had to forget', () => {
  const ledger = new Ledger();
  expect(ledger.accepts(['n'], { oldestXid: 1, atMs: now })).toBe(false);
  ledger.begin(now);
  expect(ledger.accepts(['n'], { oldestXid: 1, atMs: now })).toBe(true);
  expect(ledger.accepts(['n'], { oldestXid: 1, atMs: now - 1 })).toBe(false);
  const since = ledger.turn;
  ledger.forget();
  expect(ledger.accepts(['n'], { oldestXid: 1, atMs: now })).toBe(false);
  expect(ledger.isUntouched(['n'], since)).toBe(false);
});

test('when its memory is full it forgets the oldest, and is then sure of nothing that old', () => {
  const ledger = new Ledger({ max: 2 });
  ledger.begin(now);
  const since = ledger.turn;
  for (const [n, name] of ['a', 'b', 'a', 'c'].entries()) ledger.note({ names: [name], xid: n, atMs: now + n });
  // `b` is forgotten: it was the oldest.
  expect(ledger.accepts(['a'], { oldestXid: 3, atMs: now + 90_001 })).toBe(true);
  expect(ledger.accepts(['a'], { oldestXid: 2, atMs: now + 90_001 })).toBe(false);
  expect(ledger.accepts(['b'], { oldestXid: 9, atMs: now + 90_000 })).toBe(false);
  expect(ledger.isUntouched(['z'], since)).toBe(false);
  expect(ledger.isUntouched(['z'], ledger.turn)).toBe(true);
});
