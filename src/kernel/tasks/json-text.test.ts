import fc from 'fast-check';
import { expect, test } from 'vitest';

import { toFitText, toJsonText } from './json-text.ts';

test.each(['\0', 'a\0b', '\ud800', '\udc00x', { deep: ['\udfff'] }, { ['\0']: 1 }])(
  'refuses %j, which PostgreSQL cannot hold',
  (value) => {
    expect(() => toJsonText('it', value, 1000)).toThrow('U+0000');
  },
);

test.each(['\\u0000', '\\\\u0000', '\u0001', '😀', '\\ud800', 'plain'])('lets %j pass as it is', (value) => {
  expect(JSON.parse(toJsonText('it', value, 1000))).toBe(value);
});

const passes = (text: string): boolean => {
  try {
    return JSON.parse(toJsonText('it', text, 10_000)) === text;
  } catch {
    return false;
  }
};

test('refuses what is no JSON, and what is too large, in bytes', () => {
  expect(() => toJsonText('it', undefined, 10)).toThrow('no JSON');
  expect(() => toJsonText('it', 10n, 10)).toThrow('no JSON');
  expect(() => toJsonText('it', 'ééé', 7)).toThrow('larger than 7 bytes');
  expect(toJsonText('it', 'ééé', 8)).toBe('"ééé"');
});

test('agrees with PostgreSQL on every text: well-formed without U+0000', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const isFit = text.isWellFormed() && !text.includes('\0');
      expect(passes(text)).toBe(isFit);
    }),
    { numRuns: 2_000 },
  );
});

test('makes any text fit to be shown', () => {
  expect(toFitText('a\0b\ud800', 10)).toBe('a\u{FFFD}b\u{FFFD}');
  expect(toFitText('abcdef', 3)).toBe('abc');
});
