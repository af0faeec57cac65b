import { expect, test } from 'vitest';

import { Watermarks } from './watermarks.ts';

const at = (runMs: number, id: string, queue = 'a') => ({ queue, priority: 5, runMs, id });
const markOf = (marks: Watermarks, fromStart = false) => {
  const { queues, priorities, afterMs, afterIds } = marks.places({ fromStart });
  const index = queues.findIndex((queue, place) => queue === 'a' && priorities[place] === 5);
  return [afterMs[index], afterIds[index]];
};

test('begins behind the last claim of a place, and of no other', () => {
  const marks = new Watermarks(['a', 'b']);
  marks.pass(at(10, 'x'), { fromStart: false });
  marks.pass(at(9, 'z'), { fromStart: false });
  marks.pass(at(20, 'y', 'b'), { fromStart: false });
  expect(markOf(marks)).toEqual([10, 'x']);
});

test('goes back to what a hint names, and no further', () => {
  const marks = new Watermarks(['a']);
  marks.pass(at(10, 'x'), { fromStart: false });
  marks.lower('a', 12);
  expect(markOf(marks)).toEqual([10, 'x']);
  marks.lower('a', 7);
  expect(markOf(marks)[0]).toBe(7);
});

test('a claim from the start leaves the mark where it was, unless there was more than it could take', () => {
  const marks = new Watermarks(['a']);
  marks.pass(at(10, 'x'), { fromStart: false });
  expect(markOf(marks, true)[0]).toBe(0);
  expect(markOf(marks)).toEqual([10, 'x']);
  marks.pass(at(3, 'c'), { fromStart: true });
  expect(markOf(marks)).toEqual([3, 'c']);
});

test('lets each queue come first in its turn', () => {
  const marks = new Watermarks(['a', 'b', 'c']);
  const firsts = [1, 2, 3].map(() => marks.places({ fromStart: false }).queues[0]);
  expect(new Set(firsts)).toEqual(new Set(['a', 'b', 'c']));
});
