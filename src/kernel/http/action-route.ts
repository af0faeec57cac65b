import type { KeptAnswer } from '../idempotency/kept-answer.ts';
import type { Limits } from '../limits/limits.ts';
import type { KeyedPolicy } from '../limits/rate.ts';
import type { Runner } from '../run.ts';
import type { UserAction } from '../usecase.ts';
import { answerOnce, createRepetition } from './answer-once.ts';
import { refusalOf } from './authorise.ts';
import type { Exchange, Route } from './exchange.ts';
import { createExecute } from './execute-action.ts';
import type { HttpConfig } from './http-config.ts';
import { createInputReader } from './input.ts';
import { createFieldLimit, createRouteRate } from './route-rate.ts';

/** A user action and the module that it belongs to. */
export type ServedAction = {
  readonly module: string;
  readonly usecase: UserAction;
  /** Largest request body of the module; default `http.bodyLimitBytes`. */
  readonly bodyLimitBytes?: number;
};

export const operationOf = ({ module, usecase }: ServedAction): string => `${module}.${usecase.operationId}`;

type RouteDeps = { readonly config: HttpConfig; readonly runner: Runner; readonly limits: Limits };

/** The route of a use case: who may, input, how often by it, run, output. */
export const createActionRoute = (served: ServedAction, deps: RouteDeps): Route => {
  const { config } = deps;
  const action = served.usecase;
  const rate = createRouteRate(operationOf(served), action, deps.limits);
  const [method = '', template = ''] = action.access.split(' ');
  return {
    method,
    template,
    name: action.access,
    operation: operationOf(served),
    isAnonymous: action.actors === 'anonymous',
    acceptsEndedSession: action.acceptsEndedSession === true,
    rate,
    bodyLimitBytes: served.bodyLimitBytes ?? config.bodyLimitBytes,
    timeoutSeconds: action.timeoutSeconds ?? config.timeoutSeconds,
    repetition: createRepetition(action),
    run: createRun(served, deps, rate),
  };
};

/** A refused actor runs through the runner too, so that refusals are counted and audited in the same place. */
const createRun = (served: ServedAction, { runner, limits }: RouteDeps, rate: KeyedPolicy | null): Route['run'] => {
  const action = served.usecase;
  const head = { operation: operationOf(served), type: action.type, reads: action.access.startsWith('GET ') };
  const readInput = createInputReader(action);
  const execute = createExecute(action);
  const limitByField = createFieldLimit(rate, limits);
  const answer = async (exchange: Exchange): Promise<KeptAnswer> => {
    const { claim } = exchange;
    const refusal = refusalOf(action, exchange.actor);
    const pending = refusal === null ? readInput(exchange) : null;
    const input = pending instanceof Promise ? await pending : pending;
    if (refusal === null) exchange.input = input;
    if (limitByField !== null && refusal === null) await limitByField(exchange, input);
    const made = await runner.runWithin(exchange.scope, {
      operation: head.operation,
      type: head.type,
      reads: head.reads,
      actor: exchange.actor,
      origin: exchange.origin,
      signal: exchange.abort.signal,
      execute: refusal === null ? (ctx) => execute(ctx, { input, claim }) : () => Promise.reject(refusal),
    });
    exchange.answer = made;
    return made;
  };
  return (exchange) => (exchange.claim === null ? answer(exchange) : answerOnce(exchange, exchange.claim, answer));
};
