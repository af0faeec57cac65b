import { expect, test } from 'vitest';

import { isAllowedHost, isHostPattern } from './allowed-host.ts';

test.for([
  [null, 'anything.example.com', true],
  [null, null, true],
  [[], 'example.com', false],
  [['example.com'], null, false],
  [['example.com'], 'example.com', true],
  [['example.com'], 'EXAMPLE.com.', true],
  [['example.com'], 'www.example.com', false],
  [['example.com'], 'example.com.evil.net', false],
  [['*.example.com'], 'www.example.com', true],
  [['*.example.com'], 'a.b.example.com', true],
  [['*.example.com'], 'example.com', false],
  [['*.example.com'], 'notexample.com', false],
  [['10.0.0.1', '2001:db8::1'], '[2001:db8::1]', true],
] as const)('%o and %s: %s', ([patterns, host, expected]) => {
  expect(isAllowedHost(patterns, host)).toBe(expected);
});

test.for(['example.com', '*.example.com', 'localhost', '10.0.0.1', '2001:db8::1', 'a-b.c'])('%s is a host', (text) => {
  expect(isHostPattern(text)).toBe(true);
});

test.for([
  '',
  '*',
  'https://example.com',
  'example.com:443',
  'Example.com',
  'a..b',
  '-a',
  '*.*.com',
  'a/b',
  'exa mple',
])('%j is no host', (text) => {
  expect(isHostPattern(text)).toBe(false);
});
