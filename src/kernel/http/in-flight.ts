import { AppError, kernelError } from '../error.ts';
import type { Exchange } from './exchange.ts';

/** The requests that are not answered yet, and their deadlines. */
export type InFlight = {
  add(exchange: Exchange): void;
  delete(exchange: Exchange): void;
  /** Answers every one of them with this failure. */
  concludeAll(failure: () => AppError): void;
  [Symbol.iterator](): Iterator<Exchange>;
  readonly size: number;
};

/** How late a deadline, or a client that went away, may be noticed. */
const tickMs = 50;

/**
 * One coarse timer looks at all of them, since a timer per request costs 0.3 µs of each. It runs only while something is
 * in flight. Whoever leaves gives its place to the last, so that nothing is searched or moved.
 */
export const createInFlight = (): InFlight => {
  const exchanges: Exchange[] = [];
  let timer: NodeJS.Timeout | null = null;
  const tick = () => {
    if (exchanges.length === 0 && timer !== null) {
      clearInterval(timer);
      timer = null;
    }
    const now = performance.now();
    // A copy: who is concluded leaves its place.
    for (const exchange of exchanges.slice()) {
      if (exchange.deadlineAt <= now) exchange.conclude(overdue(exchange));
      else if (exchange.outgoing?.destroyed) exchange.abort.abort(new Error('the client closed the connection'));
    }
  };
  return {
    add: (exchange) => {
      exchange.place = exchanges.push(exchange) - 1;
      timer ??= setInterval(tick, tickMs);
    },
    delete: (exchange) => {
      const last = exchanges.pop();
      if (last === undefined || last === exchange) return;
      exchanges[exchange.place] = last;
      last.place = exchange.place;
    },
    concludeAll: (failure) => {
      for (const exchange of exchanges.slice()) exchange.conclude(failure());
    },
    [Symbol.iterator]: () => exchanges.values(),
    get size() {
      return exchanges.length;
    },
  };
};

/** A body that does not arrive is the client's fault, a use case that does not end is ours. */
const overdue = ({ isReadingBody, route: { timeoutSeconds } }: Exchange): AppError =>
  isReadingBody
    ? new AppError('BODY_TIMEOUT', { kind: 'invalid', details: { timeoutSeconds } })
    : kernelError('REQUEST_TIMEOUT', { details: { timeoutSeconds } });
