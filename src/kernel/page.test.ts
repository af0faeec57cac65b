import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';

import { decodeCursor, toPage } from './page.ts';

const rows = [{ id: 'a' }, { id: 'b' }, { id: 'c' }];
const shape = z.tuple([z.string()]);

test('the last page has no next cursor', () => {
  expect(toPage(rows, 3, ({ id }) => [id])).toEqual({ items: rows, nextCursor: null });
});

test('a cursor names the last row of its page', () => {
  const page = toPage(rows, 2, ({ id }) => [id]);

  expect(page.items).toEqual([{ id: 'a' }, { id: 'b' }]);
  expect(decodeCursor(page.nextCursor ?? undefined, shape)).toEqual(['b']);
});

test('says INPUT_INVALID to anything that is not a cursor of the list', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(() => decodeCursor(text, z.tuple([z.uuid(), z.literal('never')]))).toThrow('INPUT_INVALID');
    }),
  );
});
