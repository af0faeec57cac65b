import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import type { Child, Children } from '../host/children.ts';
import { freePort } from '../host/ports.ts';

/** The real program, as its users start it, with everything that it writes below a directory of the bench. */
export type Program = {
  /** Why it cannot be started; null if it can. */
  readonly absent: string | null;
  /** Starts a role and waits until `/ready` says so; the milliseconds count from before the process exists. */
  start(database: DatabaseChoice, variant?: Variant): Promise<Running>;
  /** Runs a command to its end and gives what it printed. Throws with stderr if it fails. */
  command(args: readonly string[], input: string, database: DatabaseChoice): Promise<string>;
};

/** What differs from `./ashlar run-all-in-one` with everything on. */
export type Variant = {
  /** Names the log file. */
  readonly name: string;
  /** The same program with the module of the bench. */
  readonly withBenchModule?: boolean;
  readonly withoutTraces?: boolean;
  /** With the bench's module: a superuser's bearer token that a Map knows, so that no session is read. */
  readonly knownToken?: string;
};
export type DatabaseChoice = { readonly external: string } | { readonly embedded: string };
export type Running = { readonly child: Child; readonly port: number; readonly readyMs: number };

export type ProgramOptions = {
  readonly children: Children;
  readonly projectRoot: string;
  /** For data and logs. */
  readonly directory: string;
  /** Where spans go. */
  readonly otlpUrl: string;
  readonly masterKey: string;
};

const READY_SECONDS = 60;

export const createProgram = (options: ProgramOptions): Program => {
  const launcher = join(options.projectRoot, 'ashlar');
  const extended = join(import.meta.dirname, 'with-bench-module.ts');
  return {
    absent: existsSync(launcher) ? null : `there is no ${launcher}`,
    start: async (database, variant = { name: 'run-all-in-one' }) => {
      const port = await freePort();
      const [command, args] = variant.withBenchModule ? [process.execPath, [extended]] : [launcher, ['run-all-in-one']];
      const env = environment(options, database, { ...variant, port });
      const startedAt = performance.now();
      const child = options.children.start(command, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
      await waitUntilReady(port, child);
      return { child, port, readyMs: performance.now() - startedAt };
    },
    command: (args, input, database) =>
      runToEnd([launcher, ...args], input, environment(options, database, { name: 'command', port: 0 })),
  };
};

/** Where a process of Ashlar writes a line for every request. */
export const logFileOf = (directory: string, name: string): string => join(directory, 'logs', `${name}.log`);

/** A production's worth of work on a developer's machine: JSON lines to a file, every request traced and exported. */
const environment = (
  options: ProgramOptions,
  database: DatabaseChoice,
  self: Variant & { readonly port: number },
): Record<string, string | undefined> => {
  const data = 'embedded' in database ? database.embedded : join(options.directory, 'ashlar');
  mkdirSync(data, { recursive: true });
  return {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    APP_ENV: 'local',
    NODE_ENV: 'production',
    ASHLAR_DATA_DIRECTORY: data,
    ...('external' in database
      ? { ASHLAR_DATABASE__MODE: 'external', ASHLAR_DATABASE__URL: database.external }
      : { ASHLAR_DATABASE__MODE: 'embedded' }),
    ASHLAR_HTTP__PORT: `${self.port}`,
    ASHLAR_LOGGER__FORMAT: 'json',
    ASHLAR_LOGGER__OUTPUT: logFileOf(options.directory, self.name),
    ...(self.withoutTraces
      ? {}
      : { ASHLAR_TELEMETRY__OTLP_ENDPOINT: options.otlpUrl, ASHLAR_TELEMETRY__SAMPLE_RATIO: '1' }),
    ...(self.knownToken === undefined ? {} : { BENCH_TOKEN: self.knownToken }),
    ASHLAR_AUTH__TOKENS__ACCESS_TTL_SECONDS: '3600',
    ASHLAR_SECRETS__MASTER_KEY: options.masterKey,
  };
};

const waitUntilReady = async (port: number, child: Child): Promise<void> => {
  const deadline = performance.now() + READY_SECONDS * 1000;
  for (;;) {
    if (child.process.exitCode !== null) throw new Error(`ashlar run-all-in-one did not start: ${await child.ended}`);
    if (performance.now() > deadline) throw new Error(`ashlar run-all-in-one was not ready within ${READY_SECONDS} s`);
    const ready = await fetch(`http://127.0.0.1:${port}/ready`, { headers: { connection: 'close' } }).then(
      ({ status }) => status === 200,
      () => false,
    );
    if (ready) return;
    await new Promise((resolve) => setTimeout(resolve, 4));
  }
};

const runToEnd = (
  [launcher = '', ...args]: readonly string[],
  input: string,
  env: Record<string, string | undefined>,
): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(launcher, args, { env, stdio: ['pipe', 'pipe', 'pipe'], timeout: READY_SECONDS * 1000 });
    const out: string[] = [];
    const errors: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (text: string) => out.push(text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve(out.join(''));
      else reject(new Error(`ashlar ${args.join(' ')} ended with ${code}: ${errors.join('').slice(-2000)}`));
    });
    child.stdin.end(input);
  });
