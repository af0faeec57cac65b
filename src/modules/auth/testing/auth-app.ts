import { randomBytes } from 'node:crypto';

import { createHttpApp } from '#kernel/http/app.ts';
import { newId } from '#kernel/ids.ts';
import type { Kernel } from '#kernel/kernel.ts';
import { createMetrics } from '#kernel/observability/metrics.ts';
import { openTelemetry } from '#kernel/observability/telemetry.ts';
import { createRunner, type RunRecord } from '#kernel/run.ts';
import { openSecrets } from '#kernel/secrets/secrets.ts';
import type { ManualCommand, UserAction } from '#kernel/usecase.ts';
import { buildLog } from '#test/build.ts';
import { test as base } from '#test/database.ts';
import type { AuthConfig } from '../config.ts';
import { createAuthModule } from '../module.ts';

/** As shipped, but that hashing costs next to nothing. */
export const authConfig: AuthConfig = {
  password: { minLength: 12, memoryKiB: 64, iterations: 1, hashConcurrency: 'auto' },
  tokens: {
    issuer: 'http://127.0.0.1',
    audience: 'ashlar',
    accessTtlSeconds: 900,
    refreshGraceSeconds: 60,
    idleDays: 7,
    absoluteDays: 30,
    keyRotationDays: 90,
  },
};

export const password = 'correct horse battery';

export type Clock = { now: Date };
type OpenOptions = {
  readonly database: Kernel['database'];
  readonly masterKey?: string;
  readonly config?: AuthConfig;
  readonly clock?: Clock;
};

const defaultMasterKey = Buffer.alloc(32, 7).toString('base64');

/** One process with nothing but auth: its HTTP interface without a socket, its commands, and a clock to turn. */
export const openAuthApp = async ({ database, masterKey = defaultMasterKey, ...options }: OpenOptions) => {
  const { config = authConfig, clock = { now: new Date() } } = options;
  const log = buildLog();
  const metrics = createMetrics();
  const telemetry = await openTelemetry({
    otlpEndpoint: null,
    headers: {},
    sampleRatio: 1,
    serviceName: 'ashlar',
    release: 'test',
    role: 'test',
    log,
  });
  const audits: RunRecord[] = [];
  const hooks = { alert: () => undefined, audit: (record: RunRecord) => void audits.push(record) };
  const runner = createRunner({ database, log, metrics, telemetry, hooks });
  const secrets = await openSecrets({ masterKey, masterKeyFile: null, generateAt: null });
  const kernel: Kernel = {
    release: 'test',
    now: () => clock.now,
    log,
    metrics,
    telemetry,
    database,
    secrets,
    hooks,
    runner,
  };
  const module = createAuthModule({ kernel, config });
  await module.start?.();
  const actions = module.usecases.filter((usecase): usecase is UserAction => usecase.type === 'user_action');
  const http = createHttpApp({
    ...kernel,
    config: {
      host: '127.0.0.1',
      port: 0,
      publicUrl: null,
      metricsPort: null,
      trustedProxies: [],
      corsAllowedOrigins: [],
      bodyLimitBytes: 1_048_576,
      timeoutSeconds: 30,
    },
    usecases: actions.map((usecase) => ({ module: 'auth', usecase })),
    permissionFree: actions.map(({ operationId }) => `auth.${operationId}`),
    resolver: module.sessions,
    health: { ready: () => Promise.resolve({ status: 'ok' as const, checks: {} }) },
    openApi: { title: 'Ashlar', version: 'test' },
  });
  const request = async (path: string, init: RequestInit = {}): Promise<Response> =>
    http.fetch(new Request(`http://127.0.0.1${path}`, init));

  return {
    audits,
    clock,
    kernel,
    module,
    http: { request },
    /** A GET with `token`, or a POST if there is a body. */
    call: (path: string, { token, body, method }: { token?: string; body?: unknown; method?: string } = {}) =>
      request(path, {
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        headers: {
          host: '127.0.0.1',
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    /** Runs a command; `typed` is what the prompt gets, null if nobody is there to answer. */
    command: (operationId: string, input: Record<string, unknown>, typed: string | null = null) =>
      runCommand(module.usecases.find((usecase) => usecase.operationId === operationId) as ManualCommand, {
        runner,
        input,
        typed,
      }),
  };
};

export type AuthApp = Awaited<ReturnType<typeof openAuthApp>>;
