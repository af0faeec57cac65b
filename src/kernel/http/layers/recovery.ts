import { kernelError, toAppError } from '../../error.ts';
import type { Logger } from '../../observability/logger.ts';
import type { Layer } from '../layer.ts';
import { problemAnswer } from '../problem.ts';

/** The outermost: a layer itself failed. The client still gets an answer, and the log the reason. */
export const recovery = ({ log }: { readonly log: Logger }): Layer => ({
  name: 'recovery',
  fail: ({ scope }, thrown) => {
    log.error({ err: toAppError(thrown) }, 'a layer of the HTTP chain failed');
    return problemAnswer(kernelError('INTERNAL', { cause: thrown }), scope.traceId);
  },
});
