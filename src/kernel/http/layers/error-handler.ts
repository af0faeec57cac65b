import { toAppError } from '../../error.ts';
import type { Layer } from '../layer.ts';
import { problemAnswer } from '../problem.ts';

/** Makes a problem document (RFC 9457) of whatever was thrown below. */
export const errorHandler = (): Layer => ({
  name: 'error handler',
  fail: (exchange, thrown) => {
    exchange.failure = toAppError(thrown);
    return problemAnswer(exchange.failure, exchange.scope.traceId);
  },
});
