import type { RunHooks } from '../../run.ts';
import type { Layer } from '../layer.ts';

/** Tells somebody about a fault of ours; a refusal is none. */
export const alerting = ({ hooks }: { readonly hooks: RunHooks }): Layer => ({
  name: 'alerting',
  leave: ({ failure, scope: { operation, traceId }, actor, input }) => {
    if (failure?.kind !== 'internal') return;
    hooks.alert({ operation, traceId, actorId: actor?.id ?? null, error: failure, input });
  },
});
