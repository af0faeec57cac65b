import { setTimeout as delay } from 'node:timers/promises';

import type { Tx } from '../database/database.ts';
import { AppError, toAppError } from '../error.ts';
import type { Runner } from '../run.ts';
import type { Ctx, TaskCtx } from '../usecase.ts';
import { askedDelay, delayAfter, isRetriable } from './backoff.ts';
import type { Handler } from './handlers.ts';
import { type Held, stopReasons } from './held.ts';
import { toFitText, toJsonText } from './json-text.ts';
import { completeTask, type DeadReason, type Settlement, type Settler, toSettlements } from './settle-statements.ts';

const graceMs = 5_000;
const maxResultBytes = 16_384;
const unknownRetryMs = 30_000;
const unknownPatienceSeconds = 3_600;

export type RunTaskDeps = Settler & {
  readonly runner: Runner;
  readonly now: () => Date;
  /** In [0, 1). */
  readonly random: () => number;
};

/** Runs one attempt to its end. Null: nothing is to be written, since the handler did, or somebody else has the task. */
export const runTask = async (
  deps: RunTaskDeps,
  held: Held,
  handler: Handler | undefined,
): Promise<Settlement | null> => {
  if (handler === undefined) return settleUnknown(deps, held);
  const { task } = held;
  // It began its last attempt before, and the process died with it: maybe of it.
  if (task.attempt > handler.retry.attempts) {
    return die(deps, held, {
      handler,
      reason: 'attempts_exhausted',
      error: new Error('the process ended while it ran'),
    });
  }
  const payload = handler.head.payload.safeParse(task.payload);
  if (!payload.success) return die(deps, held, { handler, reason: 'payload_invalid', error: payload.error });
  try {
    const result = await attempt(deps, held, { handler, payload: payload.data });
    return held.isEnded ? null : succeed(held, handler, result);
  } catch (thrown) {
    return fail(deps, held, { handler, error: toAppError(thrown) });
  }
};

type Attempt = { readonly handler: Handler; readonly payload: unknown };

const attempt = async (deps: RunTaskDeps, held: Held, { handler, payload }: Attempt): Promise<string | null> => {
  const { head, name, keep, timeoutSeconds } = handler;
  const { traceparent } = held.task;
  let work: Promise<unknown> = Promise.resolve();
  let isWorking = false;
  try {
    return await deps.runner.run({
      operation: name,
      type: head.type,
      actor: null,
      origin: null,
      reads: true,
      input: payload,
      signal: held.abort.signal,
      timeoutSeconds,
      ...(traceparent !== null && { traceparent }),
      execute: async (ctx) => {
        isWorking = true;
        work = head.execute(createTaskCtx(deps, held, { ctx, handler }), payload).finally(() => {
          isWorking = false;
        });
        const value = await work;
        return keep === 'all' && value !== undefined ? toResult(name, value) : null;
      },
    });
  } catch (thrown) {
    // The deadline ends the wait, not the handler: it has seen its signal, and gets a moment to heed it.
    if (isWorking) await Promise.race([Promise.allSettled([work]), delay(graceMs, undefined, { ref: false })]);
    if (isWorking) held.leaked = work.catch(() => undefined);
    throw thrown;
  }
};

const toResult = (name: string, value: unknown): string => toJsonText(`the result of ${name}`, value, maxResultBytes);

const createTaskCtx = (
  deps: RunTaskDeps,
  held: Held,
  { ctx, handler }: { readonly ctx: Ctx; readonly handler: Handler },
): TaskCtx => ({
  ...ctx,
  taskId: held.task.id,
  attempt: held.task.attempt,
  progress: (percent, note) => {
    held.progress = {
      percent: Math.round(Math.min(100, Math.max(0, percent))),
      note: note === undefined ? null : toFitText(note, 500),
    };
    held.hasProgress = true;
  },
  completeIn: async (tx: Tx, value) => {
    const { keep, name } = handler;
    const { owner, diedEvent } = deps;
    const result = keep === 'all' && value !== undefined ? toResult(name, value) : null;
    const [settled] = await completeTask(tx, toSettlements([succeed(held, handler, result)], { owner, diedEvent }));
    if (settled?.isHeld !== true) throw takenOver(name);
    tx.afterCommit(() => {
      held.isEnded = true;
    });
  },
});

const takenOver = (name: string): AppError =>
  new AppError('TASK_TAKEN_OVER', {
    kind: 'conflict',
    details: { message: `${name} runs elsewhere by now, since this process was taken for dead: nothing was changed` },
  });

const nothing = { delayMs: 0, error: null, reason: null, result: null, keep: false, blocks: false };

const settleAs = (held: Held, how: Partial<Settlement> & Pick<Settlement, 'action'>): Settlement => ({
  ...nothing,
  id: held.task.id,
  epoch: held.task.epoch,
  ranMs: performance.now() - held.startedAt,
  ...how,
});

const succeed = (held: Held, { keep }: Handler, result: string | null): Settlement =>
  settleAs(held, { action: 'done', result, keep: keep === 'all' });

/** What a worker hands back unrun, or interrupted: the attempt was none. */
export const release = (held: Held, delayMs = 0): Settlement => settleAs(held, { action: 'release', delayMs });

type Failure = { readonly handler: Handler; readonly error: AppError };

const fail = (deps: RunTaskDeps, held: Held, { handler, error }: Failure): Settlement | null => {
  const { reason: stop } = held.abort.signal;
  if (held.isEnded || stop === stopReasons.lost || error.code === 'TASK_TAKEN_OVER') return null;
  if (stop === stopReasons.drained) return release(held);
  const { attempt: number } = held.task;
  const { retry } = handler;
  if (!isRetriable(error)) return die(deps, held, { handler, reason: 'not_retriable', error });
  if (number >= retry.attempts) {
    const reason = error.code === 'REQUEST_TIMEOUT' ? 'timed_out' : 'attempts_exhausted';
    return die(deps, held, { handler, reason, error });
  }
  const delayMs = askedDelay(error) ?? delayAfter(number, retry, deps.random());
  return settleAs(held, { action: 'retry', delayMs, error: describe(deps, held, error) });
};

/** During a rolling deploy some workers know less than others: somebody else may know it. */
const settleUnknown = (deps: RunTaskDeps, held: Held): Settlement => {
  if (held.task.ageSeconds < unknownPatienceSeconds) return release(held, unknownRetryMs);
  const error = describe(deps, held, new Error(`no release that ran in the last hour knows ${held.task.name}`));
  return settleAs(held, { action: 'dead', reason: 'unknown_task', error });
};

type Death = { readonly handler: Handler; readonly reason: DeadReason; readonly error: Error };

const die = (deps: RunTaskDeps, held: Held, { handler, reason, error }: Death): Settlement =>
  settleAs(held, { action: 'dead', reason, blocks: handler.blocks, error: describe(deps, held, error) });

const describe = (deps: RunTaskDeps, { task }: Held, error: Error): string => {
  const shown =
    error instanceof AppError && error.code === 'INTERNAL' && error.cause instanceof Error ? error.cause : error;
  const code = error instanceof AppError ? error.code : error.name;
  const message = toFitText(shown.message, 500);
  return JSON.stringify({ at: deps.now().toISOString(), attempt: task.attempt, code, message });
};
