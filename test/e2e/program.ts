import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { test as base } from 'vitest';
import { z } from 'zod';

const launcher = join(import.meta.dirname, '..', '..', 'ashlar');

export type Finished = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

export type Running = {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly pid: number;
  /** Everything that it printed so far. */
  readonly output: () => string;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
};

type Options = { readonly env?: Readonly<Record<string, string>>; readonly stdin?: string };

/** The real program in a place of its own: an empty data directory, free ports, and nothing of our environment. */
export type Place = {
  readonly dataDirectory: string;
  /** What every program here is started with. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs a subcommand to its end. */
  run(args: readonly string[], options?: Options): Promise<Finished>;
  /** Starts a role and waits until it prints its address. */
  start(args: readonly string[], options?: Options): Promise<Running>;
};

/** Cheap hashing keeps the tests about what they say; the floor of the configuration still holds. */
const environment = (dataDirectory: string): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '',
  ASHLAR_DATA_DIRECTORY: dataDirectory,
  ASHLAR_HTTP__PORT: '0',
  ASHLAR_LOGGER__FORMAT: 'json',
  ASHLAR_AUTH__PASSWORD__MEMORY_KIB: '19456',
});

export const openPlace = async (): Promise<Place & { close(): Promise<void> }> => {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'ashlar-e2e-'));
  // As root the database runs as another user, who must be able to get here.
  await chmod(dataDirectory, 0o755);
  const children: ChildProcess[] = [];
  const launch = (args: readonly string[], { env = {}, stdin = '' }: Options) => {
    const child = spawn(launcher, args, { cwd: tmpdir(), env: { ...environment(dataDirectory), ...env } });
    children.push(child);
    child.stdin.on('error', () => undefined).end(stdin);
    return child;
  };
  const run: Place['run'] = async (args, options = {}) => {
    const child = launch(args, options);
    const [stdout, stderr, { code }] = await Promise.all([text(child.stdout), text(child.stderr), exitOf(child)]);
    return { code, stdout, stderr };
  };
  return {
    dataDirectory,
    env: environment(dataDirectory),
    run,
    start: (args, options = {}) => untilListening(launch(args, options)),
    close: async () => {
      await Promise.all(children.map(end));
      // A program that was killed leaves its database running.
      if (children.some(({ signalCode }) => signalCode === 'SIGKILL')) await run(['db', 'stop']);
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
};

const exitOf = (child: ChildProcess): Running['exited'] => {
  if (child.exitCode !== null || child.signalCode !== null) {
    return Promise.resolve({ code: child.exitCode, signal: child.signalCode });
  }
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
};

const end = async (child: ChildProcess): Promise<void> => {
  const exited = exitOf(child);
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
  await exited;
};

const untilListening = async (child: ReturnType<typeof spawn>): Promise<Running> => {
  let output = '';
  const exited = exitOf(child);
  const { promise: url, resolve, reject } = Promise.withResolvers<string>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      const address = /http:\/\/127\.0\.0\.1:\d+/.exec(output);
      if (address) resolve(address[0]);
    });
  }
  void exited.then(({ code }) => reject(new Error(`ended with ${code} before it listened:\n${output}`)));
  return {
    url: await url,
    pid: child.pid ?? 0,
    output: () => output,
    kill: (signal) => void child.kill(signal),
    exited,
  };
};

/** Each test has a place of its own; whatever it started is ended with it. */
export const test = base.extend<{ place: Place }>({
  place: async ({}, use) => {
    const { close, ...place } = await openPlace();
    await use(place);
    await close();
  },
});

/** Asks again until `isSo` holds; fails with the last answer after `withinMs`. */
export const until = async <T>(ask: () => Promise<T>, isSo: (answer: T) => boolean, withinMs = 10_000): Promise<T> => {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (isSo(answer)) return answer;
    if (performance.now() > deadline) throw new Error(`not so within ${withinMs} ms: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
};

export const isReady = (url: string) => async () => {
  const response = await fetch(`${url}/ready`);
  return { status: response.status, body: await response.text() };
};

export const password = 'correct horse battery';

export const createSuperuser = (place: Place, username = 'root', env: Options['env'] = {}): Promise<Finished> =>
  place.run(['auth', 'create-superuser', '--username', username, '--password-stdin'], { stdin: password, env });

export const post = (url: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

const signedIn = z.object({ status: z.literal('signed_in'), accessToken: z.string(), refreshToken: z.string() });
export type SignedIn = z.infer<typeof signedIn>;

export const signIn = async (url: string, username = 'root'): Promise<SignedIn> => {
  const response = await post(`${url}/api/v1/auth/admin-login`, { username, password });
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  return signedIn.parse(await response.json());
};

export const getMe = (url: string, accessToken: string): Promise<Response> =>
  fetch(`${url}/api/v1/auth/me`, { headers: { authorization: `Bearer ${accessToken}` } });
