import { type AppError, toAppError } from '../error.ts';
import { currentScope, runInScope, type Scope } from '../observability/scope.ts';
import type { Streamed, StreamOutput } from '../stream-output.ts';
import type { UserAction } from '../usecase.ts';
import type { Answer } from './exchange.ts';
import type { Answering } from './execute-action.ts';

/** Somebody should know: the client only sees that the answer broke off. */
type OnFailure = (error: AppError) => void;

/** Answers what the action yields, as it comes; `onFailure` hears of what fails once the answer has begun. */
export const createStreaming = (
  action: UserAction,
  { mediaType }: StreamOutput,
  onFailure: OnFailure,
): Answering<Answer> => {
  const common = { 'content-type': mediaType, 'cache-control': 'no-store' };
  return async (ctx, { input }, fail) => {
    // The head has a stream as its output, which the type of all heads together forgets.
    const { body, headers } = (await action.execute(ctx, input, fail)) as Streamed;
    return { status: 200, headers: { ...common, ...headers }, body: toStream(body, currentScope(), onFailure) };
  };
};

const toStream = (
  body: Streamed['body'],
  scope: Scope | undefined,
  onFailure: OnFailure,
): ReadableStream<Uint8Array<ArrayBuffer>> => {
  const encoder = new TextEncoder();
  const pieces = body[Symbol.asyncIterator]();
  const within = <T>(fn: () => T): T => (scope === undefined ? fn() : runInScope(scope, fn));
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull: async (controller) => {
        try {
          const { done, value } = await within(() => pieces.next());
          if (done === true) controller.close();
          else controller.enqueue(typeof value === 'string' ? encoder.encode(value) : new Uint8Array(value));
        } catch (thrown) {
          onFailure(toAppError(thrown));
          // The server prints what ends a stream, past the log and its redaction: the reason is not for there.
          throw new Error('an answer broke off; the log says why', { cause: null });
        }
      },
      cancel: async () => {
        await within(() => pieces.return?.());
      },
    },
    // Nothing is asked for before somebody reads.
    { highWaterMark: 0 },
  );
};
