import { expect, test } from 'vitest';

import { isHigher, levelOf, settleLevel, thresholds } from './thresholds.ts';

const cpu = thresholds.find(({ signal }) => signal === 'cpu') ?? thresholds[0];

test.for([
  [69.9, null],
  [70, 'warning'],
  [89.9, 'warning'],
  [90, 'critical'],
  [400, 'critical'],
] as const)('%d %% of a core is %s', ([value, level]) => {
  expect(levelOf(cpu, value)).toBe(level);
});

test.for([
  ['one bad reading raises nothing', null, null, 'critical', null],
  ['two raise what both reached', null, 'warning', 'critical', 'warning'],
  ['two of the worst raise the worst', null, 'critical', 'critical', 'critical'],
  ['it gets worse only for two', 'warning', 'warning', 'critical', 'warning'],
  ['then it does', 'warning', 'critical', 'critical', 'critical'],
  ['one good reading resolves nothing', 'critical', 'critical', null, 'critical'],
  ['two resolve', 'critical', null, null, null],
  ['two better ones ease it', 'critical', 'warning', 'warning', 'warning'],
  ['a better and a good one ease it', 'critical', 'warning', null, 'warning'],
  ['as it was, it stays', 'warning', 'warning', 'warning', 'warning'],
] as const)('%s', ([, raised, previous, current, settled]) => {
  expect(settleLevel(raised, previous, current)).toBe(settled);
});

test('a critical alert is higher than a warning, and any is higher than none', () => {
  expect(isHigher('critical', 'warning')).toBe(true);
  expect(isHigher('warning', null)).toBe(true);
  expect(isHigher('warning', 'warning')).toBe(false);
  expect(isHigher('warning', 'critical')).toBe(false);
});

test('each signal stands once, and warns before it is critical', () => {
  expect(new Set(thresholds.map(({ signal }) => signal)).size).toBe(thresholds.length);
  for (const { warning, critical } of thresholds) expect(warning).toBeLessThan(critical);
});
