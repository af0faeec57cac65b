import { z } from 'zod';

import { listUseCases } from '#app/usecases.ts';
import { AppError, kernelError } from '#kernel/error.ts';
import { newId } from '#kernel/ids.ts';
import type { CommandCtx, UseCase } from '#kernel/usecase.ts';
import type { TestApp } from '#test/app.ts';

/**
 * Runs what is not asked for over HTTP, as the queue, the outbox and the terminal do: with its input checked, in a
 * span, with a log line. Answers what it answered.
 */
export const run = (app: TestApp, operation: string, input: unknown = {}): Promise<unknown> =>
  runTyped(app, operation, { input, secrets: {} });

type Typed = { readonly input: unknown; readonly secrets: Readonly<Record<string, string>> };

/** The same, for a command that asks for secrets. */
export const runTyped = (app: TestApp, operation: string, { input, secrets }: Typed): Promise<unknown> => {
  const found = listUseCases(app).find(({ module, usecase }) => `${module}.${usecase.operationId}` === operation);
  if (found === undefined) throw new Error(`no module has ${operation}`);
  const { usecase } = found;
  return app.kernel.runner.run({
    operation,
    type: usecase.type,
    actor: null,
    origin: null,
    reads: false,
    signal: new AbortController().signal,
    timeoutSeconds: 10,
    execute: (ctx) => execute(usecase, { ...ctx, secret: readTyped(secrets) }, input),
  });
};

/** A task that no queue knows: its progress goes nowhere, and there is nothing to complete. */
const alone = { taskId: newId(), attempt: 1, progress: () => undefined, completeIn: () => Promise.resolve() };

const readTyped =
  (secrets: Typed['secrets']) =>
  (name: string): Promise<string> => {
    const text = secrets[name];
    return text === undefined ? Promise.reject(new Error(`the test typed no ${name}`)) : Promise.resolve(text);
  };

const execute = (usecase: UseCase, ctx: CommandCtx, input: unknown): Promise<unknown> => {
  switch (usecase.type) {
    case 'event_subscriber':
      return usecase.execute({ ...ctx, eventId: newId(), attempt: 1 }, read(usecase.event.payload, input));
    case 'async_task':
      return usecase.execute({ ...ctx, ...alone }, read(usecase.payload, input));
    case 'manual_command': {
      const fail = (code: string, details = {}) =>
        new AppError(code, { kind: usecase.errors[code] ?? 'internal', details });
      return usecase.execute(ctx, read(usecase.input, input), fail);
    }
    case 'user_action':
      throw new Error(`${usecase.operationId} is asked for over HTTP: app.http.request(…)`);
    default:
      return usecase satisfies never;
  }
};

const read = <S extends z.ZodType>(schema: S, input: unknown): z.output<S> => {
  const parsed = z.safeParse(schema, input);
  if (parsed.success) return parsed.data;
  throw kernelError('INPUT_INVALID', { details: { message: z.prettifyError(parsed.error) } });
};
