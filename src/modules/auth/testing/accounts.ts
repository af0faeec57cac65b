import { z } from 'zod';

import { executeCommand } from '#kernel/commands/execute.ts';
import type { Terminal } from '#kernel/commands/terminal.ts';
import { newId } from '#kernel/ids.ts';
import type { ManualCommand, UseCase } from '#kernel/usecase.ts';
import type { TestApp } from '#test/app.ts';
import { type SignedIn, signedInShape } from '../logic/signed-in.ts';

export const password = 'correct horse battery';

type Call = { readonly token?: string; readonly body?: unknown; readonly method?: string };

/** A GET with `token`, or a POST if there is a body. */
export const call = ({ http }: TestApp, path: string, { token, body, method }: Call = {}): Promise<Response> =>
  http.request(path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

/** The body, which must have the shape. */
export const readAs = async <S extends z.ZodType>(response: Response, shape: S): Promise<z.output<S>> =>
  shape.parse(await response.json());

const problemShape = z.object({ code: z.string() });

/** Status and code of a problem document, or status and null. */
export const answerOf = async (response: Response): Promise<readonly [status: number, code: string | null]> => {
  const text = await response.text();
  const problem = problemShape.safeParse(text === '' ? null : JSON.parse(text));
  return [response.status, problem.data?.code ?? null];
};

/** What `GET /me` says to the token. */
export const knock = async (app: TestApp, token: string) => answerOf(await call(app, '/api/v1/auth/me', { token }));

const isCreateSuperuser = (usecase: UseCase): usecase is ManualCommand => usecase.operationId === 'create-superuser';
const createdShape = z.object({ changed: z.boolean(), outcome: z.string(), username: z.string() });

/** Types `auth create-superuser`; the prompt gets `answer`, or nobody is there to be asked. */
export const createSuperuser = async (
  { kernel, modules }: TestApp,
  input: Record<string, unknown>,
  answer: string | null = null,
): Promise<z.output<typeof createdShape>> => {
  const head = modules.flatMap(({ usecases }) => usecases).find(isCreateSuperuser);
  if (head === undefined) throw new Error('no module has create-superuser');
  const { terminal, printed } = openTerminal(answer);
  const typed = { input, json: true, yes: true, secretFromStdin: null };
  const { signal } = new AbortController();
  await executeCommand({ module: 'auth', head, typed, runner: kernel.runner, terminal, signal });
  return createdShape.parse(JSON.parse(printed.join('')));
};

const openTerminal = (answer: string | null) => {
  const printed: string[] = [];
  const unexpected = () => Promise.reject(new Error('the command asked for what the test did not expect'));
  const terminal: Terminal = {
    isInteractive: answer !== null,
    print: (line) => void printed.push(line),
    note: () => undefined,
    readStdin: unexpected,
    askHidden: () => (answer === null ? unexpected() : Promise.resolve(answer)),
    confirm: unexpected,
  };
  return { terminal, printed };
};

/** Makes a superuser of its own for a test, who signs in with `password`; answers the username. */
export const buildSuperuser = async (app: TestApp): Promise<string> => {
  const username = `root-${newId().slice(-12)}`;
  await createSuperuser(app, { username }, password);
  return username;
};

export const signIn = async (app: TestApp, username: string): Promise<SignedIn> =>
  readAs(await call(app, '/api/v1/auth/admin-login', { body: { username, password } }), signedInShape());

/** What the audit was told of an operation, oldest first. */
export const auditOf = ({ logged }: TestApp, operation: string): readonly unknown[] =>
  logged.filter((line) => line['operation'] === operation).flatMap(({ audit }) => audit ?? []);
