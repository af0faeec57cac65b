import { expect, test } from 'vitest';

import { toPrometheusRules } from './prometheus-rules.ts';
import { thresholds } from './thresholds.ts';

const { groups } = toPrometheusRules(thresholds);
const rules = groups.flatMap((group) => group.rules);

test('two rules for each threshold, under names of their own', () => {
  expect(rules).toHaveLength(thresholds.length * 2);
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  for (const { alert } of rules) expect(alert).toMatch(/^Ashlar[A-Z][A-Za-z0-9]*(?:Warning|Critical)$/);
});

test('a rule compares with the value of the table', () => {
  expect(rules.find(({ alert }) => alert === 'AshlarDiskCritical')).toEqual({
    alert: 'AshlarDiskCritical',
    expr: 'max(ashlar_platform_signal_value{signal="disk"}) >= 95',
    for: '1m',
    labels: { severity: 'critical', signal: 'disk' },
    annotations: { summary: 'The disk of a data directory is {{ $value | humanize }} percent (critical from 95)' },
  });
});

test('brackets close in the order in which they open', () => {
  for (const { expr } of rules) {
    const depth = [...expr].reduce((open, character) => {
      expect(open).toBeGreaterThanOrEqual(0);
      return open + Number('([{'.includes(character)) - Number(')]}'.includes(character));
    }, 0);
    expect(depth).toBe(0);
  }
});
