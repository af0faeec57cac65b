import { format, inspect } from 'node:util';

import { expect, test } from 'vitest';

import { buildLog } from '#test/build.ts';
import { createSecretValue } from './secret-value.ts';

const text = 'a planted and well-known word';

test('reveals itself when asked', () => {
  expect(createSecretValue(text).reveal()).toBe(text);
});

test.for([
  ['a template', (secret: unknown) => `${String(secret)}`],
  ['join', (secret: unknown) => [secret].join()],
  ['JSON', (secret: unknown) => JSON.stringify({ secret, list: [secret] })],
  ['inspect', (secret: unknown) => inspect({ deep: { secret } }, { depth: 5, showHidden: true })],
  ['format', (secret: unknown) => format('%s %o %j', secret, secret, secret)],
  ['an error', (secret: unknown) => String(new Error(`failed with ${String(secret)}`).stack)],
  ['its entries', (secret: object) => JSON.stringify([Object.entries(secret), { ...secret }])],
] as const)('is not shown by %s', ([, print]) => {
  expect(print(createSecretValue(text))).not.toContain(text);
});

test('is [secret] in a log line', () => {
  const lines: Record<string, unknown>[] = [];
  buildLog(lines).info({ secret: createSecretValue(text) }, 'a line');
  expect(lines).toMatchObject([{ secret: '[secret]' }]);
});
