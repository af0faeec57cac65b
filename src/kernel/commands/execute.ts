import { z } from 'zod';

import { AppError, kernelError } from '../error.ts';
import type { ExitCode } from '../lifecycle.ts';
import type { Runner } from '../run.ts';
import type { Ctx, ManualCommand } from '../usecase.ts';
import type { Typed } from './mount.ts';
import type { Terminal } from './terminal.ts';

type Execution = {
  readonly module: string;
  readonly head: ManualCommand;
  readonly typed: Typed;
  readonly runner: Runner;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
};

/** An administrator at a prompt is not held to a request's 30 seconds. */
const timeoutSeconds = 3600;

/** Runs one command as typed, prints its answer, and answers the exit code; what fails is thrown. */
export const executeCommand = async (execution: Execution): Promise<ExitCode> => {
  const { module, head, typed, runner, terminal, signal } = execution;
  const input = parseInput(head, typed);
  if (head.confirm && !typed.yes) await requireConsent(terminal, head.confirm(input));

  const answer = await runner.run({
    operation: `${module}.${head.operationId}`,
    type: head.type,
    actor: null,
    origin: null,
    reads: false,
    input,
    signal,
    timeoutSeconds,
    execute: (ctx) => head.execute(withSecrets(ctx, execution), input, failOf(head)),
  });
  const output = head.output.parse(answer);
  terminal.print(typed.json ? JSON.stringify(output) : head.render(output));
  return head.isFailure?.(output) === true ? 1 : 0;
};

const parseInput = (head: ManualCommand, typed: Typed): Record<string, unknown> => {
  const parsed = z.safeParse(head.input, typed.input);
  if (parsed.success) return parsed.data;
  throw kernelError('INPUT_INVALID', { details: { message: z.prettifyError(parsed.error) } });
};

const requireConsent = async (terminal: Terminal, question: string): Promise<void> => {
  if (terminal.isInteractive && (await terminal.confirm(question))) return;
  const message = terminal.isInteractive ? 'nothing was changed' : `${question} Without a terminal, say --yes.`;
  throw new AppError('NOT_CONFIRMED', { kind: 'conflict', details: { message } });
};

const withSecrets = (ctx: Ctx, { head, typed, terminal }: Execution) => ({
  ...ctx,
  secret: (name: string): Promise<string> => {
    const question = head.secrets?.[name];
    if (question === undefined) throw new Error(`${head.operationId} declares no secret named ${name}`);
    const { prompt, isMultiline } = typeof question === 'string' ? { prompt: question, isMultiline: false } : question;
    if (typed.secretFromStdin === name) return terminal.readStdin({ isMultiline });
    if (terminal.isInteractive) return terminal.askHidden(prompt);
    const message = `the ${name} is needed: pipe it in with --${name}-stdin, or run this at a terminal`;
    throw kernelError('INPUT_INVALID', { details: { message } });
  },
});

const failOf =
  (head: ManualCommand) =>
  (code: string, details: Readonly<Record<string, unknown>> = {}) =>
    new AppError(code, { kind: head.errors[code] ?? 'internal', details });
