import type { z } from 'zod';

import type { Tx } from '../database/database.ts';
import { AppError, kernelError, kernelErrors } from '../error.ts';
import type { Claim } from '../idempotency/idempotency.ts';
import type { KeptAnswer } from '../idempotency/kept-answer.ts';
import type { Ctx, Errors, UserAction } from '../usecase.ts';

/** `claim`: of a request that may be repeated. */
type Asked = { readonly input: unknown; readonly claim: Claim | null };
/** How one action comes to its answer. */
export type Answering<A> = (ctx: Ctx, asked: Asked, fail: Fail) => Promise<A>;
export type Execute<A> = (ctx: Ctx, asked: Asked) => Promise<A>;

/** Lets through only errors that the head declares or that any operation may answer: OpenAPI promises no others. */
export const createExecute = <A>(action: UserAction, answer: Answering<A>): Execute<A> => {
  const { errors } = action;
  const fail = (code: string, details: Readonly<Record<string, unknown>> = {}) =>
    new AppError(code, { kind: errors[code] ?? 'internal', details });
  return async (ctx, asked) => {
    try {
      return await answer(ctx, asked, fail);
    } catch (thrown) {
      if (thrown instanceof AppError && !isPromised(thrown, errors)) throw undeclared(action, thrown);
      throw thrown;
    }
  };
};

type Fail = (code: string, details?: Readonly<Record<string, unknown>>) => AppError;

/**
 * What is open to everyone may decide after the commit what it says of it (a stolen token ends a session, and is then
 * refused), and no action that only reads commits anything.
 */
export const createAnswering = (action: UserAction, output: z.ZodType | null): Answering<KeptAnswer> => {
  const toAnswer = createSerialiser(action, output);
  if (action.actors !== 'anonymous' && !action.access.startsWith('GET ')) return createCommitting(action, toAnswer);
  return async (ctx, { input }, fail) => toAnswer(await action.execute(ctx, input, fail));
};

type Made = { readonly value: unknown; readonly answer: KeptAnswer };

/** The transaction's value is the answer. An answer that cannot be given undoes the change; one that is kept, is so with it. */
const createCommitting =
  (action: UserAction, toAnswer: ToAnswer): Answering<KeptAnswer> =>
  async (ctx, { input, claim }, fail) => {
    const made: Made[] = [];
    const transaction = <T>(fn: (tx: Tx) => Promise<T>): Promise<T> =>
      ctx.transaction(async (tx) => {
        const value = await fn(tx);
        const answer = toAnswer(value);
        made.push({ value, answer });
        if (claim !== null) tx.beforeCommit(() => claim.keepIn(tx, answer));
        return value;
      });
    const value = await action.execute({ ...ctx, transaction }, input, fail);
    // After a deadlock fn ran again: the last one was committed.
    const committed = made.at(-1);
    if (committed === undefined) return toAnswer(value);
    if (action.output === null || committed.value === value) return committed.answer;
    const cause = new Error(`${action.operationId} must answer the value of its transaction, as it is`);
    throw kernelError('INTERNAL', { cause });
  };

const isPromised = ({ code }: AppError, errors: Errors): boolean =>
  Object.hasOwn(errors, code) || Object.hasOwn(kernelErrors, code);

const undeclared = ({ operationId }: UserAction, error: AppError): AppError =>
  kernelError('INTERNAL', {
    cause: new Error(`${operationId} threw ${error.code}, which its head does not declare`, { cause: error }),
  });

type ToAnswer = (value: unknown) => KeptAnswer;

/** Output goes through its schema, which drops what it does not name: nothing leaves by accident. */
const createSerialiser = (
  { operationId, status = 200, maxAgeSeconds }: UserAction,
  output: z.ZodType | null,
): ToAnswer => {
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

const noContent: KeptAnswer = { status: 204, headers: {}, body: null };
