import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { judgeReplay } from './replayed-refresh.ts';

const now = new Date('2026-01-02T03:04:05Z');
const session = { counter: 5, rotatedAt: new Date(now.getTime() - 1000), graceUses: 0, isLive: true };
const judge = (counter: number, changes: Partial<typeof session> = {}, graceSeconds = 60) =>
  judgeReplay({ counter, session: { ...session, ...changes }, now, graceSeconds });

describe('judgeReplay', () => {
  test.for([
    ['the token before the current one, just replaced', judge(4), 'repeat'],
    ['its tenth use', judge(4, { graceUses: 9 }), 'repeat'],
    ['its eleventh use', judge(4, { graceUses: 10 }), 'spent'],
    ['at the last moment', judge(4, { rotatedAt: new Date(now.getTime() - 60_000) }), 'repeat'],
    ['a moment later', judge(4, { rotatedAt: new Date(now.getTime() - 60_001) }), 'reused'],
    ['two before the current one', judge(3), 'reused'],
    ['one that was not issued yet', judge(6), 'reused'],
    ['any of a session that is over', judge(3, { isLive: false }), 'ended'],
  ] as const)('of %s', ([, verdict, expected]) => expect(verdict).toBe(expected));
});

type World = { counter: number; rotatedAt: number; graceUses: number; isLive: boolean; now: number };

/** What the use case does with one token, without a database. */
const present = (world: World, counter: number): { verdict: string; token: number | null } => {
  if (world.isLive && counter === world.counter) {
    Object.assign(world, { counter: counter + 1, rotatedAt: world.now, graceUses: 0 });
    return { verdict: 'rotate', token: world.counter };
  }
  const verdict = judgeReplay({
    counter,
    session: { ...world, rotatedAt: new Date(world.rotatedAt) },
    now: new Date(world.now),
    graceSeconds: 60,
  });
  if (verdict === 'repeat') world.graceUses += 1;
  if (verdict === 'reused') world.isLive = false;
  return { verdict, token: verdict === 'repeat' ? world.counter : null };
};

const begin = (): World => ({ counter: 0, rotatedAt: 0, graceUses: 0, isLive: true, now: 0 });
const waits = fc.integer({ min: 0, max: 120 });

describe('histories', () => {
  test('a client whose answers get lost stays in as long as it asks again within a minute', () => {
    const step = fc.record({
      wait: fc.integer({ min: 0, max: 100_000 }),
      losses: fc.array(fc.nat(5), { maxLength: 10 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const world = begin();
        let mine = 0;
        for (const { wait, losses } of steps) {
          world.now += wait * 1000;
          for (const seconds of losses) {
            present(world, mine);
            world.now += seconds * 1000;
          }
          const { token } = present(world, mine);
          expect(token).not.toBeNull();
          mine = token ?? mine;
        }
        expect(world.isLive).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test("a thief is found at the latest at the first refresh that either makes more than a minute after the other's", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ isThief: fc.boolean(), wait: waits }), { maxLength: 40 }), (moves) => {
        const world = begin();
        const held = { owner: 0, thief: 0 };
        for (const { isThief, wait } of moves) {
          world.now += wait * 1000;
          const who = isThief ? 'thief' : 'owner';
          const isStale = held[who] !== world.counter;
          const isLate = world.now - world.rotatedAt > 60_000;
          const { token } = present(world, held[who]);
          // Nobody is served again once both were found to hold tokens.
          const mustBeRefused = (isStale && isLate) || !world.isLive;
          expect([mustBeRefused, token]).not.toEqual([true, expect.any(Number)]);
          held[who] = token ?? held[who];
        }
      }),
      { numRuns: 2000 },
    );
  });
});
