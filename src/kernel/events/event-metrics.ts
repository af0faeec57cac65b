import type { Metrics } from '../observability/metrics.ts';

export type EventMetrics = {
  /** Seconds since the oldest event that each subscription has not read, when somebody last looked; 0: there is none. */
  lag(bySubscription: ReadonlyMap<string, number>): void;
};

export const createEventMetrics = (metrics: Pick<Metrics, 'gauge'>): EventMetrics => {
  let lags: ReadonlyMap<string, number> = new Map();
  metrics.gauge({
    name: 'ashlar_event_lag_seconds',
    help: 'Age of the oldest event that a subscription has not read.',
    labelNames: ['subscription'],
    read: () => Array.from(lags, ([subscription, value]) => ({ labels: { subscription }, value })),
  });
  return {
    lag: (bySubscription) => {
      lags = bySubscription;
    },
  };
};
