import { describe, expect, test } from 'vitest';

import { canonicalPassword, findPasswordWeakness } from './password.ts';

const rules = { minLength: 12, login: 'ada.king' };

describe('findPasswordWeakness', () => {
  test.for([
    ['correct horse battery', null],
    ['123456789012', null],
    ['elevenchars', 'too_short'],
    ['twelve chars', null],
    // Code points count, not UTF-16 units.
    ['🔑'.repeat(11), 'too_short'],
    ['🔑'.repeat(12), null],
    ['🔑'.repeat(128), null],
    ['🔑'.repeat(129), 'too_long'],
    ['ada.king1234', 'made_of_login'],
    ['Ada.King!Ada.King!', 'made_of_login'],
    ['ashlar-ashlar-2026', 'made_of_login'],
    ['ashlar ada.king', 'made_of_login'],
    ['ada.king likes tea', null],
    // Twelve letters only while the accents stand apart.
    ['e\u0301'.repeat(6), 'too_short'],
  ] as const)('judges %s as %s', ([password, weakness]) => {
    expect(findPasswordWeakness(password, rules)).toBe(weakness);
  });
});

test('canonicalPassword makes one text of every way to compose an accent', () => {
  expect(canonicalPassword('cafe\u0301')).toBe(canonicalPassword('caf\u00e9'));
});
