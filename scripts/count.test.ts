import { expect, test } from 'vitest';

import { count, type Report } from './count.ts';

const report = (changes: Partial<Report>): Report => ({
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [],
  ...changes,
});

test.for([
  ['all is well', report({}), 0, { passed: 3, failed: 0, skipped: 0 }],
  ['a test failed', report({ numFailedTests: 1 }), 1, { passed: 3, failed: 1, skipped: 0 }],
  [
    'a file could not be loaded',
    report({ testResults: [{ status: 'failed', assertionResults: [] }] }),
    1,
    { passed: 3, failed: 1, skipped: 0 },
  ],
  [
    'a file failed by its test alone',
    report({ numFailedTests: 1, testResults: [{ status: 'failed', assertionResults: [{ status: 'failed' }] }] }),
    1,
    { passed: 3, failed: 1, skipped: 0 },
  ],
  ['an error came from outside of any test', report({}), 1, { passed: 3, failed: 1, skipped: 0 }],
  ['vitest was killed after its report', report({}), null, { passed: 3, failed: 1, skipped: 0 }],
  ['vitest died before its report', null, 1, { passed: 0, failed: 1, skipped: 0 }],
  ['a test was skipped', report({ numPendingTests: 2 }), 0, { passed: 3, failed: 0, skipped: 2 }],
] as const)('%s', ([, given, exitCode, expected]) => {
  expect(count(given, exitCode)).toEqual(expected);
});
