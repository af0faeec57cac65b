import { randomBytes } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { deriveKey } from './derive-key.ts';
import { formatRefreshToken, parseRefreshToken } from './refresh-token.ts';

const key = deriveKey(randomBytes(32), 'refresh-token');
const claims = fc.record({ sessionId: fc.uuid(), counter: fc.integer({ min: 0, max: 2 ** 32 - 1 }) });

describe('a refresh token', () => {
  test('says what it was made to say', () => {
    fc.assert(
      fc.property(claims, (given) => {
        expect(parseRefreshToken(key, formatRefreshToken(key, given))).toEqual(given);
      }),
    );
  });

  test('is 74 characters long', () => {
    fc.assert(fc.property(claims, (given) => formatRefreshToken(key, given).length === 74));
  });

  test('is worth nothing once a single character is another, more, or less', () => {
    const alphabet = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/. ');
    const mutation = fc.record({
      given: claims,
      position: fc.nat(73),
      characters: fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 2 }),
    });
    fc.assert(
      fc.property(mutation, ({ given, position, characters }) => {
        const token = formatRefreshToken(key, given);
        const mutated = token.slice(0, position) + characters + token.slice(position + 1);
        fc.pre(mutated !== token);
        expect(parseRefreshToken(key, mutated)).toBeNull();
      }),
      { numRuns: 30_000 },
    );
  });

  test('of another installation, or of another purpose, is worth nothing', () => {
    const root = randomBytes(32);
    const given = { sessionId: '0199aa00-0000-7000-8000-000000000000', counter: 7 };
    const token = formatRefreshToken(deriveKey(root, 'refresh-token'), given);
    expect(parseRefreshToken(deriveKey(root, 'one-time-token'), token)).toBeNull();
    expect(parseRefreshToken(deriveKey(randomBytes(32), 'refresh-token'), token)).toBeNull();
    expect(parseRefreshToken(deriveKey(root, 'refresh-token'), token)).toEqual(given);
  });

  test.for(['', 'ar1.', 'ar2.AAAA', `ar1.${'A'.repeat(70)}`, `ar1.${'A'.repeat(100_000)}`])(
    'is not what anybody makes up: %#',
    (text) => expect(parseRefreshToken(key, text)).toBeNull(),
  );
});
