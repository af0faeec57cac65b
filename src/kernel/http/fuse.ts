import { runInScope } from '../observability/scope.ts';
import type { Answer, Exchange } from './exchange.ts';
import type { Layer } from './layer.ts';

export type Chain = {
  /** Takes an exchange through all layers. Never rejects. */
  handle(exchange: Exchange): Promise<Response>;
  /** Ends an exchange at once with a failure; what its use case still does comes too late. */
  conclude(exchange: Exchange, thrown: unknown): void;
};

type FuseOptions = {
  /** A use case failed after its request had been answered, by the deadline for one. */
  readonly onLateFailure: (exchange: Exchange, thrown: unknown) => void;
};

const nothing = Symbol('nothing was thrown');

/** Makes one handler of all layers. */
export const fuse = (layers: readonly Layer[], { onLateFailure }: FuseOptions): Chain => {
  const opens = layers.flatMap(({ open }) => open ?? []);
  const enters = layers.flatMap(({ enter }) => enter ?? []);
  const upwards = layers.filter(({ fail, leave }) => fail ?? leave).toReversed();
  const toResponse = createResponder(layers);

  const descend = async (exchange: Exchange): Promise<void> => {
    try {
      for (let index = 0; index < enters.length && exchange.answer === null; index += 1) {
        const pending = enters[index]?.(exchange);
        if (pending !== undefined) await pending;
      }
      conclude(exchange, nothing);
    } catch (thrown) {
      conclude(exchange, thrown);
    }
  };

  const conclude = (exchange: Exchange, thrown: unknown): void => {
    if (!exchange.isConcluded) {
      exchange.isConcluded = true;
      void ascend(exchange, thrown);
    } else if (thrown !== nothing) onLateFailure(exchange, thrown);
  };

  const ascend = async (exchange: Exchange, thrown: unknown): Promise<void> => {
    let failing = thrown;
    for (const { fail, leave } of upwards) {
      try {
        if (failing !== nothing && fail !== undefined) {
          exchange.answer = fail(exchange, failing);
          failing = nothing;
        }
        const pending = leave?.(exchange);
        if (pending !== undefined) await pending;
      } catch (error) {
        failing = error;
      }
    }
    exchange.resolve(toResponse(exchange));
  };

  return {
    conclude: (exchange, thrown) => runInScope(exchange.scope, () => conclude(exchange, thrown)),
    handle: (exchange) =>
      new Promise((resolve) => {
        exchange.resolve = resolve;
        for (const open of opens) open(exchange);
        void runInScope(exchange.scope, () => descend(exchange));
      }),
  };
};

const createResponder = (layers: readonly Layer[]): ((exchange: Exchange) => Response) => {
  const common: Readonly<Record<string, string>> = Object.assign({}, ...layers.map(({ headers }) => headers));
  const merged = new WeakMap<Answer['headers'], Readonly<Record<string, string>>>();
  const merge = (headers: Answer['headers']): Readonly<Record<string, string>> => {
    const all = { ...common, ...headers };
    merged.set(headers, all);
    return all;
  };
  return ({ answer, origin, headers }) => {
    const { status, body, headers: own } = answer ?? lastResort;
    const all: Record<string, string> = { ...(merged.get(own) ?? merge(own)), 'x-request-id': origin.requestId };
    for (const name in headers) all[name] = headers[name] ?? '';
    return new Response(body, { status, headers: all });
  };
};

/** No layer answered: only a chain without a recovery layer gets here. */
const lastResort: Answer = { status: 500, headers: {}, body: null };
