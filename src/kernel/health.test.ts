import { expect, test } from 'vitest';

import { worstOf } from './health.ts';

test.each([
  [[], 'ok'],
  [['ok', 'ok'], 'ok'],
  [['ok', 'degraded'], 'degraded'],
  [['failed', 'degraded', 'ok'], 'failed'],
] as const)('parts %j make a whole that is %s', (parts, whole) => {
  expect(worstOf(parts.map((status) => ({ status })))).toBe(whole);
});
