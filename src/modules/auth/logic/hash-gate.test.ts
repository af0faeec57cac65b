import { setImmediate as nextTurn } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { createHashGate } from './hash-gate.ts';

test('lets no more in than it has places, and in the order of the line', async () => {
  const gate = createHashGate({ places: 2, maxWaiting: 64, maxWaitMs: 10_000 });
  const entered: number[] = [];
  let inside = 0;
  let most = 0;

  const visit = async (visitor: number): Promise<void> => {
    expect(await gate.tryEnter()).toBe(true);
    entered.push(visitor);
    inside += 1;
    most = Math.max(most, inside);
    await nextTurn();
    inside -= 1;
    gate.leave();
  };
  await Promise.all(Array.from({ length: 30 }, (_, visitor) => visit(visitor)));

  expect(most).toBe(2);
  expect(entered).toEqual(Array.from({ length: 30 }, (_, visitor) => visitor));
  expect(gate.waiting).toBe(0);
});

test('turns away whoever finds the line full', async () => {
  const gate = createHashGate({ places: 1, maxWaiting: 3, maxWaitMs: 10_000 });
  await gate.tryEnter();
  const line = [gate.tryEnter(), gate.tryEnter(), gate.tryEnter()];

  expect(gate.waiting).toBe(3);
  expect(await gate.tryEnter()).toBe(false);
  for (const waiting of line) {
    gate.leave();
    expect(await waiting).toBe(true);
  }
});

test('turns away whoever waited too long, and does not give that visitor a place later', async () => {
  const gate = createHashGate({ places: 1, maxWaiting: 3, maxWaitMs: 20 });
  await gate.tryEnter();

  expect(await gate.tryEnter()).toBe(false);
  expect(gate.waiting).toBe(0);
  gate.leave();
  expect(await gate.tryEnter()).toBe(true);
});

test('keeps who must not be turned away in line beyond its length and time', async () => {
  const gate = createHashGate({ places: 1, maxWaiting: 0, maxWaitMs: 1 });
  await gate.tryEnter();
  const patient = gate.enter();

  expect(await gate.tryEnter()).toBe(false);
  gate.leave();
  await patient;
  expect(await gate.tryEnter()).toBe(false);
});
