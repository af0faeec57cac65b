import { kernelError, toAppError } from '../../error.ts';
import type { Logger } from '../../observability/logger.ts';
import type { RunHooks } from '../../run.ts';
import type { Layer } from '../layer.ts';
import { problemAnswer } from '../problem.ts';

/** The outermost: a layer itself failed. The client still gets an answer, and the log the reason. */
export const recovery = ({ log, hooks }: { readonly log: Logger; readonly hooks: RunHooks }): Layer => ({
  name: 'recovery',
  fail: ({ scope: { operation, traceId }, actor, input }, thrown) => {
    const error = kernelError('INTERNAL', { cause: thrown });
    log.error({ err: toAppError(thrown) }, 'a layer of the HTTP chain failed');
    hooks.alert({ operation, traceId, actorId: actor?.id ?? null, error, input });
    return problemAnswer(error, traceId);
  },
});
