import type { Counter, Histogram, Metrics } from '#kernel/observability/metrics.ts';

export type AuthMetrics = {
  readonly signIns: Counter<'method' | 'outcome'>;
  readonly refreshes: Counter<'outcome'>;
  readonly hashSeconds: Histogram<never>;
};

export const createAuthMetrics = (metrics: Metrics, gate: { readonly waiting: number }): AuthMetrics => {
  metrics.gauge({
    name: 'ashlar_auth_hash_waiting',
    help: 'Sign-ins that wait for their password to be hashed.',
    labelNames: [],
    read: () => gate.waiting,
  });
  return {
    signIns: metrics.counter({
      name: 'ashlar_auth_sign_ins_total',
      help: 'Attempts to sign in, by what came of them.',
      labelNames: ['method', 'outcome'],
    }),
    refreshes: metrics.counter({
      name: 'ashlar_auth_refreshes_total',
      help: 'Refresh tokens that were presented, by what came of them.',
      labelNames: ['outcome'],
    }),
    hashSeconds: metrics.histogram({
      name: 'ashlar_auth_hash_seconds',
      help: 'Time of one password hashing, without the wait for it.',
      labelNames: [],
    }),
  };
};
