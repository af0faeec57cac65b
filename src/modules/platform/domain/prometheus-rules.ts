import { type AlertLevel, alertLevels, type Threshold } from './thresholds.ts';

/** A rule file of Prometheus, as data: two rules for each threshold. */
export const toPrometheusRules = (table: readonly Threshold[]) => ({
  groups: [
    { name: 'ashlar', rules: table.flatMap((threshold) => alertLevels.map((level) => toRule(threshold, level))) },
  ],
});

const toRule = (threshold: Threshold, level: AlertLevel) => {
  const { signal, unit, description, expression } = threshold;
  return {
    alert: nameOf(`ashlar_${signal}_${level}`),
    expr: `${expression} >= ${threshold[level]}`,
    // Two readings of the evaluator inside of Ashlar.
    for: '1m',
    labels: { severity: level, signal },
    annotations: { summary: `${description} is {{ $value | humanize }} ${unit} (${level} from ${threshold[level]})` },
  };
};

const nameOf = (signal: string): string =>
  signal.replaceAll(/(?:^|_)([a-z])/g, (_match, letter: string) => letter.toUpperCase());
