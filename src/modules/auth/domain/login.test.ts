import { expect, test } from 'vitest';

import { isLoginName, normaliseLogin } from './login.ts';

test.for([
  ['Root', 'root'],
  [' root ', 'root'],
  ['ＲＯＯＴ', 'root'],
  ['ﬁona', 'fiona'],
] as const)('normaliseLogin reads %s as %s', ([typed, login]) => expect(normaliseLogin(typed)).toBe(login));

test.for([
  ['abc', true],
  ['a.b_c-9', true],
  ['a'.repeat(50), true],
  ['ab', false],
  ['a'.repeat(51), false],
  ['with space', false],
  ['straße', false],
  ['Root', false],
  ['root\n', false],
] as const)('isLoginName says of %j: %s', ([login, answer]) => expect(isLoginName(login)).toBe(answer));
