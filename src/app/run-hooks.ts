import type { Activity } from '#kernel/observability/activity.ts';
import type { Audit } from '#kernel/audit/audit.ts';
import type { Logger } from '#kernel/observability/logger.ts';
import type { Metrics } from '#kernel/observability/metrics.ts';
import type { RunHooks } from '#kernel/run.ts';
import type { Sentinel } from '#kernel/sentinel/sentinel.ts';

type HooksDeps = {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly sentinel: Sentinel;
  readonly audit: Pick<Audit, 'record' | 'refuse'>;
  readonly activity: Activity;
};

/**
 * Alerts are counted, logged with their cause and gathered. What changed something is written with the change, what was
 * refused is counted; both are lines of the log too.
 */
export const createRunHooks = ({ log, metrics, sentinel, audit, activity }: HooksDeps): RunHooks => ({
  see: activity.see,
  record: audit.record,
  alert: (failure) => {
    const { operation, traceId, error } = failure;
    metrics.internalError(operation ?? 'none');
    log.error({ operation, traceId, err: error }, 'internal error');
    sentinel.record(failure);
  },
  audit: (record) => {
    const { operation, type, actor, origin, traceId, outcome, code, notes } = record;
    if (outcome === 'forbidden' || outcome === 'unauthenticated') audit.refuse(record);
    const by = actor && { type: actor.type, id: actor.id, sessionId: actor.sessionId };
    log.info({ operation, traceId, audit: { type, by, address: origin?.address, outcome, code, notes } }, 'audit');
  },
});
