import { randomBytes } from 'node:crypto';

import { sql as text } from 'drizzle-orm';

import { createApp, startModules, type App } from '#app/app.ts';
import { type AppConfig, loadAppConfig } from '#app/config.ts';
import { createKernel } from '#app/create-kernel.ts';
import { createHttp } from '#app/create-http.ts';
import { root } from '#app/release.ts';
import type { Actor } from '#kernel/actor.ts';
import type { Kernel } from '#kernel/kernel.ts';
import { createLifecycle } from '#kernel/lifecycle.ts';
import { createMetrics } from '#kernel/observability/create-metrics.ts';
import { openSecrets } from '#kernel/secrets/secrets.ts';
import type { Installation } from '#modules/platform/deps.ts';
import { buildLog, buildTelemetry, noKeys } from '#test/build.ts';
import { test as databaseTest } from '#test/database.ts';

/** Time as a test wants it; it stands still. */
export type Clock = { now(): Date; advance(seconds: number): void };

export type TestApp = App & {
  readonly installation: Installation;
  readonly clock: Clock;
  /** Every line that was logged. */
  readonly logged: readonly Record<string, unknown>[];
  /** Without a socket, through the whole chain. */
  readonly http: InProcess;
  /** The same, with every bearer token taken for this actor's. */
  as(actor: Actor): InProcess;
};

export type InProcess = { request(path: string, init?: RequestInit): Promise<Response> };

/** The same app on another installation. */
export const reinstall = (app: TestApp, installation: Partial<Installation>): TestApp => {
  const installed = { ...app.installation, ...installation };
  const kernel = { ...app.kernel, metrics: createMetrics() };
  const other = createApp(kernel, app.config, installed);
  return { ...app, ...other, ...openDoors(other) };
};

/** The same app, configured otherwise. */
export const reconfigure = (app: TestApp, changes: Partial<AppConfig>): TestApp => {
  const config = { ...app.config, ...changes };
  const other = createApp({ ...app.kernel, metrics: createMetrics() }, config, app.installation);
  return { ...app, ...other, ...openDoors(other) };
};

/** The same app with these modules in place of its own. */
export const withModules = (app: TestApp, modules: TestApp['modules']): TestApp => ({
  ...app,
  modules,
  ...openDoors({ ...app, modules }),
});

const createClock = (): Clock => {
  let time = Date.now();
  return {
    now: () => new Date(time),
    advance: (seconds) => {
      time += seconds * 1000;
    },
  };
};

const notInstalled = () => Promise.reject(new Error('a test has no installation'));

const linesWith = (logged: readonly object[], text: string): readonly string[] =>
  logged.map((line) => JSON.stringify(line)).filter((line) => line.includes(text));

/** Where nothing is installed: what acts on files and servers is tested with the program itself. */
const installation: Installation = {
  describeConfig: () => [],
  examine: notInstalled,
  migrations: { up: notInstalled, down: notInstalled, status: notInstalled, create: notInstalled },
  stopEmbeddedDatabase: null,
};

const environment = { APP_ENV: 'test', ASHLAR_AUTH__PASSWORD__MEMORY_KIB: '19456' };

const base = databaseTest
  /** For a test file that extends it. */
  .extend('variables', { scope: 'file' }, (): Readonly<Record<string, string>> => ({}))
  .extend('config', { scope: 'file' }, ({ variables }) => {
    return loadAppConfig({ root, env: { ...environment, ...variables } }).config;
  });

/** The whole program in this process, on a database of the test file's own; passwords are hashed cheaply. */
export const test = base.extend('app', { scope: 'file' }, async ({ database, databaseUrl, config }, { onCleanup }) => {
  const logged: Record<string, unknown>[] = [];
  const log = buildLog(logged);
  const clock = createClock();
  const lifecycle = createLifecycle();
  const opened = await openSecrets({ ...noKeys, masterKey: randomBytes(32).toString('base64') }, database);
  const kernel = await createKernel(lifecycle, {
    config,
    recent: { find: (text, limit) => linesWith(logged, text).slice(-limit) },
    role: 'test',
    now: clock.now,
    log,
    metrics: createMetrics(),
    telemetry: await buildTelemetry(log),
    database,
    opened,
    connection: { url: databaseUrl, isPooled: false },
    ownEndpoints: () => [],
  });
  const app = createApp(kernel, config, installation);
  await startModules(app, lifecycle);
  onCleanup(async () => {
    await lifecycle.close({ deadlineSeconds: 10, report: ({ err }) => log.error({ err }) });
    await expectNotes(database);
  });

  return { ...app, installation, clock, logged, ...openDoors(app) };
});

const openDoors = (app: App): Pick<TestApp, 'http' | 'as'> => ({
  http: serve(app),
  as: (actor) => serve({ ...app, sessions: { resolve: () => Promise.resolve(actor) } }, { authorization }),
});

/**
 * A use case that changes something without saying what is recorded as having run, and no more: the test file that saw it
 * fails. `probe.` operations are those of tests that want exactly this.
 */
const expectNotes = async ({ lanes }: Kernel['database']): Promise<void> => {
  const rows = await lanes.execute<{ operation: string }>(text`
    select distinct operation from kernel.audit_events
    where subject is null and outcome = 'ok' and operation not like 'probe.%'`);
  if (rows.length === 0) return;
  const operations = rows.map(({ operation }) => operation).join(', ');
  throw new Error(`changed something and noted nothing with ctx.audit: ${operations}`);
};

const authorization = 'Bearer any';

const serve = (app: App, headers: Readonly<Record<string, string>> = {}): InProcess => {
  const http = createHttp(app, { modules: 'all' });
  return {
    request: async (path, init = {}) => {
      const url = new URL(path, app.config.http.publicUrl);
      const sent = new Headers(init.headers);
      for (const [name, value] of Object.entries(headers)) sent.set(name, value);
      return http.fetch(new Request(url, { ...init, headers: sent }));
    },
  };
};
