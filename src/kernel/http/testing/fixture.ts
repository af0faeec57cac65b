import { connect } from 'node:net';

import { pino } from 'pino';
import { z } from 'zod';

import type { Actor } from '../../actor.ts';
import type { Database, Tx } from '../../database/database.ts';
import { type AppError, kernelError } from '../../error.ts';
import type { Idempotency } from '../../idempotency/idempotency.ts';
import { createLimits, type LimitsConfig } from '../../limits/limits.ts';
import type { Logger } from '../../observability/logger.ts';
import { createMetrics } from '../../observability/create-metrics.ts';
import { currentScope } from '../../observability/scope.ts';
import { createRunner, type RunRecord } from '../../run.ts';
import type { StreamOutput } from '../../stream-output.ts';
import { userAction, type UserAction } from '../../usecase.ts';
import { operationOf, type ServedAction } from '../action-route.ts';
import { createHttpApp, type HttpApp } from '../app.ts';
import type { HttpConfig } from '../http-config.ts';
import type { Health } from '../readiness.ts';
import { type HttpServer, openHttpServer } from '../server.ts';
import { buildTelemetry } from '#test/build.ts';

type Output = z.ZodType | StreamOutput | null;

type Head<I extends z.ZodType, O extends Output, Code extends string> = Partial<UserAction<I, O, Code>> &
  Pick<UserAction<I, O, Code>, 'access' | 'execute'> & { readonly input: I; readonly output: O };

/** `GET /api/v1/things/{id}` is `get-api-v1-things-id`. */
const idOf = (access: string): string => (access.toLowerCase().match(/\w+/g) ?? []).join('-');

/** An anonymous action without errors, but for what is said. */
export const action = <I extends z.ZodType, O extends Output, const Code extends string = never>(
  head: Head<I, O, Code>,
): ServedAction => {
  const whole = {
    operationId: idOf(head.access),
    summary: 'Does it.',
    actors: 'anonymous',
    permissions: [],
    errors: {},
    ...head,
  };
  // A list of actions forgets what each of them takes and gives.
  return { module: 'probe', usecase: userAction(whole as unknown as UserAction) };
};

export const echo = (access: UserAction['access'] = 'POST /api/v1/echo') =>
  action({
    access,
    input: z.object({ name: z.string().min(1) }),
    output: z.object({ name: z.string() }),
    execute: async (_ctx, input) => input,
  });

export const actorOf = (over: Partial<Actor> = {}): Actor => ({
  type: 'admin',
  id: 'actor-1',
  sessionId: 'session-1',
  credentialId: null,
  method: 'session',
  isSuperuser: false,
  restriction: null,
  authenticatedAt: new Date(0),
  permissions: new Set(),
  ...over,
});

type Options = {
  readonly config?: Partial<HttpConfig>;
  /** Who comes with which bearer token. */
  readonly actors?: Readonly<Record<string, Actor>>;
  /** Tokens whose session is over. */
  readonly ended?: readonly string[];
  /** Default: out of reach. */
  readonly rateLimit?: Partial<LimitsConfig>;
  readonly ready?: () => Promise<Health>;
  /** Default: one that no action may read; and answers are not kept. */
  readonly database?: Database;
  readonly idempotency?: Idempotency;
  /** Default: all of them. */
  readonly permissionFree?: readonly string[];
};

export type Fixture = {
  readonly app: HttpApp;
  readonly lines: Record<string, unknown>[];
  readonly alerts: { readonly operation: string | null; readonly error: AppError }[];
  readonly audits: RunRecord[];
  readonly log: Logger;
  /** In process, at `http://127.0.0.1`. */
  send(path: string, init?: RequestInit): Promise<Response>;
  post(path: string, body: unknown): Promise<Response>;
};

export const createFixture = async (usecases: readonly ServedAction[], options: Options = {}): Promise<Fixture> => {
  const lines: Fixture['lines'] = [];
  const alerts: Fixture['alerts'] = [];
  const audits: Fixture['audits'] = [];
  const log: Logger = pino(
    { level: 'info', mixin: scopeFields },
    { write: (line: string) => void lines.push(JSON.parse(line)) },
  );
  const metrics = createMetrics();
  const telemetry = await buildTelemetry(log);
  const hooks = {
    see: () => undefined,
    record: () => undefined,
    alert: (alert: Fixture['alerts'][number]) => void alerts.push(alert),
    audit: (record: RunRecord) => void audits.push(record),
  };
  const app = createHttpApp({
    usecases,
    permissionFree: options.permissionFree ?? usecases.map(operationOf),
    runner: createRunner({ database: options.database ?? database, log, metrics, telemetry, hooks }),
    resolver: {
      resolve: async (bearer) => {
        if (options.ended?.includes(bearer)) throw kernelError('SESSION_ENDED');
        const actor = options.actors?.[bearer];
        if (actor === undefined) throw kernelError('UNAUTHENTICATED');
        return actor;
      },
    },
    config: { ...config, ...options.config },
    limits: createLimits({
      config: { ...outOfReach, ...options.rateLimit },
      database,
      presence: { processes: 1 },
      secrets: noSecrets,
      metrics,
      log,
    }),
    idempotency: options.idempotency ?? noIdempotency,
    metrics,
    telemetry,
    log,
    hooks,
    health: { ready: options.ready ?? (async () => ({ status: 'ok', checks: { database: { status: 'ok' } } })) },
    openApi: { title: 'Probe', version: '1.0.0' },
  });
  const send = async (path: string, init?: RequestInit) => app.fetch(new Request(`http://127.0.0.1${path}`, init));
  const post = (path: string, body: unknown) =>
    send(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return { app, lines, alerts, audits, log, send, post };
};

const scopeFields = () => ({ traceId: currentScope()?.traceId, operation: currentScope()?.operation });

export const serveFixture = ({ app, log }: Fixture, metricsPort: number | null = null): Promise<HttpServer> =>
  openHttpServer(app, { host: '127.0.0.1', port: 0, metricsPort, log });

const outOfReach: LimitsConfig = {
  actor: { perSecond: 1_000_000, burst: 1_000_000 },
  address: { perSecond: 1_000_000, burst: 1_000_000 },
  factor: 1,
};
const noSecrets = { derive: () => Buffer.alloc(32) };

// There is no database to keep answers in.
const noIdempotency = {
  claim: () => Promise.reject(new Error('no request of these tests is repeated')),
  close: () => Promise.resolve(),
};

const config: HttpConfig = {
  host: '127.0.0.1',
  port: 0,
  publicUrl: null,
  metricsPort: null,
  trustedProxies: [],
  corsAllowedOrigins: [],
  bodyLimitBytes: 65_536,
  timeoutSeconds: 30,
};

// What the runner asks of a database; no action of these tests reads.
const database = { transaction: (fn: (tx: Tx) => Promise<unknown>) => fn({} as Tx) } as unknown as Database;

/** What an answer says, whichever it is. */
export const jsonOf = async (answer: Response): Promise<Record<string, unknown>> =>
  (await answer.json()) as Record<string, unknown>;

/** Sends bytes as they are and answers all that comes back until the other end closes, or `isEnough` says so. */
export const sendRaw = (
  url: string,
  bytes: string | Buffer,
  isEnough: (answer: string) => boolean = () => false,
): Promise<string> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    let answer = '';
    const finish = () => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(5000, () => reject(new Error(`no end of the answer within 5 s: ${answer}`)));
    socket.on('connect', () => socket.write(bytes));
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      if (isEnough(answer)) finish();
    });
    // A connection that is reset after its answer has been read has answered.
    socket.on('error', finish);
    socket.on('close', finish);
  });

/** Waits until the condition holds; fails after five seconds. */
export const until = async (condition: () => boolean): Promise<void> => {
  const deadline = performance.now() + 5000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('the condition did not come true within 5 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
