import type { Metrics } from '../../observability/metrics.ts';
import type { RunHooks } from '../../run.ts';
import type { Layer } from '../layer.ts';

/** Tells somebody about a fault of ours; a refusal is none. */
export const alerting = ({ hooks, metrics }: { readonly hooks: RunHooks; readonly metrics: Metrics }): Layer => ({
  name: 'alerting',
  leave: ({ failure, scope: { operation, traceId } }) => {
    if (failure?.kind !== 'internal') return;
    metrics.internalError(operation ?? 'none');
    hooks.alert({ operation, traceId, error: failure });
  },
});
