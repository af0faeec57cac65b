import type { InFlight } from '../in-flight.ts';
import type { Layer } from '../layer.ts';

/** Answers REQUEST_TIMEOUT when the deadline passes, whatever the use case is doing, and aborts its signal. */
export const timeout = ({ inFlight }: { readonly inFlight: InFlight }): Layer => ({
  name: 'timeout',
  open: (exchange) => {
    exchange.deadlineAt = exchange.startedAt + exchange.route.timeoutSeconds * 1000;
    inFlight.add(exchange);
  },
  leave: (exchange) => {
    inFlight.delete(exchange);
    if (exchange.failure !== null) exchange.abort.abort(exchange.failure);
  },
});
