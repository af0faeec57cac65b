export const alertLevels = ['warning', 'critical'] as const;
export type AlertLevel = (typeof alertLevels)[number];

export const alertStates = ['active', 'acknowledged', 'resolved'] as const;
export type AlertState = (typeof alertStates)[number];

export type Threshold = {
  readonly signal: string;
  readonly unit: 'percent' | 'seconds';
  /** From this value on. */
  readonly warning: number;
  readonly critical: number;
  /** What is measured, for a sentence: `<description> is 93 percent`. */
  readonly description: string;
  /** PromQL: the same, from the metrics of all processes. */
  readonly expression: string;
};

const count = 'ashlar_http_request_duration_seconds_count';
const bucket = 'ashlar_http_request_duration_seconds_bucket';
const signal = (name: string): string => `max(ashlar_platform_signal_value{signal="${name}"})`;

/**
 * When an operator is told. The evaluator inside of Ashlar and the rules for Prometheus both follow from this table, so
 * that they agree. A lag has two causes: nobody works, or an open write somewhere keeps everybody from going on.
 */
export const thresholds = [
  {
    signal: 'http_error_share',
    unit: 'percent',
    warning: 1,
    critical: 5,
    description: 'The share of requests that were answered 5xx',
    expression: `100 * sum(rate(${count}{status=~"5.."}[5m])) / sum(rate(${count}[5m]))`,
  },
  {
    signal: 'http_p99',
    unit: 'seconds',
    warning: 1,
    critical: 5,
    description: 'The time in which 99 % of requests are answered',
    expression: `histogram_quantile(0.99, sum by (le) (rate(${bucket}[5m])))`,
  },
  {
    signal: 'cpu',
    unit: 'percent',
    warning: 70,
    critical: 90,
    description: 'The CPU time of a process, of one core',
    expression: signal('cpu'),
  },
  {
    signal: 'memory',
    unit: 'percent',
    warning: 80,
    critical: 95,
    description: 'The memory in use on a machine',
    expression: signal('memory'),
  },
  {
    signal: 'disk',
    unit: 'percent',
    warning: 80,
    critical: 95,
    description: 'The disk of a data directory',
    expression: signal('disk'),
  },
  {
    signal: 'database_connections',
    unit: 'percent',
    warning: 80,
    critical: 95,
    description: 'The connections of PostgreSQL in use',
    expression: signal('database_connections'),
  },
  {
    signal: 'oldest_ready_task',
    unit: 'seconds',
    warning: 60,
    critical: 600,
    description: 'The wait of the oldest task that could run',
    expression: 'max(ashlar_task_oldest_ready_seconds)',
  },
  {
    signal: 'event_lag',
    unit: 'seconds',
    warning: 60,
    critical: 600,
    description: 'The age of the oldest event that a subscriber has not read',
    expression: 'max(ashlar_event_lag_seconds)',
  },
  {
    signal: 'seal_lag',
    unit: 'seconds',
    warning: 60,
    critical: 600,
    description: 'The age of the oldest audit event that is not sealed',
    expression: signal('seal_lag'),
  },
] as const satisfies readonly Threshold[];

export type SignalName = (typeof thresholds)[number]['signal'];

/** Null: as it should be. */
export const levelOf = ({ warning, critical }: Threshold, value: number): AlertLevel | null =>
  value >= critical ? 'critical' : value >= warning ? 'warning' : null;

const ranks = [null, 'warning', 'critical'] as const;
const rankOf = (level: AlertLevel | null): number => ranks.indexOf(level);

/**
 * The level of an alert after two readings in a row: it rises to what both reached, and falls to what both stayed
 * below. One reading alone changes nothing.
 */
export const settleLevel = (
  raised: AlertLevel | null,
  previous: AlertLevel | null,
  current: AlertLevel | null,
): AlertLevel | null => {
  const lowest = Math.min(rankOf(previous), rankOf(current));
  const highest = Math.max(rankOf(previous), rankOf(current));
  return ranks[Math.min(Math.max(rankOf(raised), lowest), highest)] ?? null;
};

export const isHigher = (level: AlertLevel, than: AlertLevel | null): boolean => rankOf(level) > rankOf(than);
