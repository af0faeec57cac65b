import type { HealthCheck } from './module.ts';

const severity = { ok: 0, degraded: 1, failed: 2 } as const;

/** A whole is as well as its worst part; without parts it is well. */
export const worstOf = (checks: readonly HealthCheck[]): HealthCheck['status'] =>
  checks.reduce<HealthCheck['status']>(
    (worst, { status }) => (severity[status] > severity[worst] ? status : worst),
    'ok',
  );
