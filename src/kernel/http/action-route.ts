import type { AppError } from '../error.ts';
import type { Limits } from '../limits/limits.ts';
import type { KeyedPolicy } from '../limits/rate.ts';
import type { RunHooks, Runner } from '../run.ts';
import { isStreamOutput } from '../stream-output.ts';
import { currentScope } from '../observability/scope.ts';
import type { UserAction } from '../usecase.ts';
import { answerOnce, createRepetition } from './answer-once.ts';
import { refusalOf } from './authorise.ts';
import type { Answer, Exchange, Route } from './exchange.ts';
import { createAnswering, createExecute, type Execute } from './execute-action.ts';
import type { HttpConfig } from './http-config.ts';
import { createInputReader } from './input.ts';
import { createStreaming } from './stream-action.ts';
import { createFieldLimit, createRouteRate } from './route-rate.ts';

/** A user action and the module that it belongs to. */
export type ServedAction = {
  readonly module: string;
  readonly usecase: UserAction;
  /** Largest request body of the module; default `http.bodyLimitBytes`. */
  readonly bodyLimitBytes?: number;
};

export const operationOf = ({ module, usecase }: ServedAction): string => `${module}.${usecase.operationId}`;

type RouteDeps = {
  readonly config: HttpConfig;
  readonly runner: Runner;
  readonly limits: Limits;
  readonly hooks: RunHooks;
};

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

const createRun = (served: ServedAction, deps: RouteDeps, rate: KeyedPolicy | null): Route['run'] => {
  const { usecase } = served;
  const { output } = usecase;
  const runWith = createRunWith(served, deps, rate);
  if (isStreamOutput(output)) {
    const stream = runWith(createExecute(usecase, createStreaming(usecase, output, reportTo(served, deps.hooks))));
    return async (exchange) => void (await stream(exchange));
  }
  const answer = runWith(createExecute(usecase, createAnswering(usecase, output)));
  return async (exchange) =>
    void (await (exchange.claim === null ? answer(exchange) : answerOnce(exchange, exchange.claim, answer)));
};

const reportTo =
  (served: ServedAction, hooks: RunHooks) =>
  (error: AppError): void =>
    hooks.alert({
      operation: operationOf(served),
      traceId: currentScope()?.traceId ?? '',
      actorId: null,
      error,
      input: null,
    });

/** A refused actor runs through the runner too, so that refusals are counted and audited in the same place. */
const createRunWith = (served: ServedAction, { runner, limits }: RouteDeps, rate: KeyedPolicy | null) => {
  const action = served.usecase;
  const head = { operation: operationOf(served), type: action.type, reads: action.access.startsWith('GET ') };
  const readInput = createInputReader(action);
  const limitByField = createFieldLimit(rate, limits);
  return <A extends Answer>(execute: Execute<A>) =>
    async (exchange: Exchange): Promise<A> => {
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
};
