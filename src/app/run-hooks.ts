import type { Logger } from '#kernel/observability/logger.ts';
import type { Metrics } from '#kernel/observability/metrics.ts';
import type { RunHooks } from '#kernel/run.ts';

/** Alerts are counted and logged with their cause; what changed something, or was refused, is logged as an audit line. */
export const createRunHooks = (log: Logger, metrics: Metrics): RunHooks => ({
  alert: ({ operation, traceId, error }) => {
    metrics.internalError(operation ?? 'none');
    log.error({ operation, traceId, err: error }, 'internal error');
  },
  audit: ({ operation, type, actor, origin, traceId, outcome, code, notes }) => {
    const by = actor && { type: actor.type, id: actor.id, sessionId: actor.sessionId };
    log.info({ operation, traceId, audit: { type, by, address: origin?.address, outcome, code, notes } }, 'audit');
  },
});
