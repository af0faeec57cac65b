import type { Activity } from '#kernel/observability/activity.ts';
import type { Logger } from '#kernel/observability/logger.ts';
import type { Metrics } from '#kernel/observability/metrics.ts';
import type { RunHooks } from '#kernel/run.ts';
import type { Sentinel } from '#kernel/sentinel/sentinel.ts';

type HooksDeps = {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly sentinel: Sentinel;
  readonly activity: Activity;
};

/** Alerts are counted, logged with their cause and gathered; what changed something, or was refused, is logged as an audit line. */
export const createRunHooks = ({ log, metrics, sentinel, activity }: HooksDeps): RunHooks => ({
  see: activity.see,
  alert: (failure) => {
    const { operation, traceId, error } = failure;
    metrics.internalError(operation ?? 'none');
    log.error({ operation, traceId, err: error }, 'internal error');
    sentinel.record(failure);
  },
  audit: ({ operation, type, actor, origin, traceId, outcome, code, notes }) => {
    const by = actor && { type: actor.type, id: actor.id, sessionId: actor.sessionId };
    log.info({ operation, traceId, audit: { type, by, address: origin?.address, outcome, code, notes } }, 'audit');
  },
});
