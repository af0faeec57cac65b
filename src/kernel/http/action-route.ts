import { AppError, kernelError, kernelErrors } from '../error.ts';
import type { Limits } from '../limits/limits.ts';
import type { KeyedPolicy } from '../limits/rate.ts';
import type { Runner } from '../run.ts';
import type { Ctx, Errors, UserAction } from '../usecase.ts';
import { refusalOf } from './authorise.ts';
import type { Answer, Route } from './exchange.ts';
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
  return async (exchange) => {
    const refusal = refusalOf(action, exchange.actor);
    const pending = refusal === null ? readInput(exchange) : null;
    const input = pending instanceof Promise ? await pending : pending;
    if (refusal === null) exchange.input = input;
    if (limitByField !== null && refusal === null) await limitByField(exchange, input);
    exchange.answer = await runner.runWithin(exchange.scope, {
      operation: head.operation,
      type: head.type,
      reads: head.reads,
      actor: exchange.actor,
      origin: exchange.origin,
      signal: exchange.abort.signal,
      execute: refusal === null ? (ctx) => execute(ctx, input) : () => Promise.reject(refusal),
    });
  };
};

/** Lets through only errors that the head declares or that any operation may answer: OpenAPI promises no others. */
const createExecute = (action: UserAction): ((ctx: Ctx, input: unknown) => Promise<Answer>) => {
  const { errors } = action;
  const toAnswer = createSerialiser(action);
  const fail = (code: string, details: Readonly<Record<string, unknown>> = {}) =>
    new AppError(code, { kind: errors[code] ?? 'internal', details });
  return async (ctx, input) => {
    try {
      return toAnswer(await action.execute(ctx, input, fail));
    } catch (thrown) {
      if (thrown instanceof AppError && !isPromised(thrown, errors)) throw undeclared(action, thrown);
      throw thrown;
    }
  };
};

const isPromised = ({ code }: AppError, errors: Errors): boolean =>
  Object.hasOwn(errors, code) || Object.hasOwn(kernelErrors, code);

const undeclared = ({ operationId }: UserAction, error: AppError): AppError =>
  kernelError('INTERNAL', {
    cause: new Error(`${operationId} threw ${error.code}, which its head does not declare`, { cause: error }),
  });

/** Output goes through its schema, which drops what it does not name: nothing leaves by accident. */
const createSerialiser = ({
  operationId,
  output,
  status = 200,
  maxAgeSeconds,
}: UserAction): ((value: unknown) => Answer) => {
  const cache = maxAgeSeconds === undefined ? 'no-store' : `public, max-age=${maxAgeSeconds}`;
  if (output === null) return () => noContent;
  const headers = { 'content-type': 'application/json', 'cache-control': cache };
  return (value) => {
    const result = output.safeParse(value);
    if (result.success) return { status, headers, body: JSON.stringify(result.data) };
    const cause = new Error(`the output of ${operationId} does not fit its schema`, { cause: result.error });
    throw kernelError('INTERNAL', { cause });
  };
};

const noContent: Answer = { status: 204, headers: {}, body: null };
