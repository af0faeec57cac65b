import { worstOf } from '#kernel/health.ts';
import { createHttpApp, type HttpApp } from '#kernel/http/app.ts';
import type { Health } from '#kernel/http/readiness.ts';
import type { HealthCheck } from '#kernel/module.ts';
import type { Redis } from '#kernel/redis/redis.ts';
import type { App } from './app.ts';
import { permissionFree } from './permission-free.ts';
import type { Role } from './role.ts';
import { listUserActions } from './usecases.ts';

/** The HTTP application of a role: the user actions of its modules behind one chain. */
export const createHttp = (app: App, { modules, hasWorker = false }: Pick<Role, 'modules' | 'hasWorker'>): HttpApp => {
  const { kernel, config, sessions } = app;
  const { cors, metricsPort = null, ...http } = config.http;
  return createHttpApp({
    ...kernel,
    config: { ...http, metricsPort, corsAllowedOrigins: cors.allowedOrigins },
    usecases: listUserActions(app).filter(({ module }) => modules === 'all' || modules.includes(module)),
    permissionFree,
    resolver: sessions,
    health: { ready: () => checkReadiness(app, hasWorker) },
    openApi: { title: 'Ashlar', version: kernel.release },
  });
};

/** A process listens only once its migrations are applied, so what may be lost later is the database, Redis, and the pulse. */
const checkReadiness = async ({ kernel }: App, hasWorker: boolean): Promise<Health> => {
  const { database, redis, presence } = kernel;
  const [ofDatabase, ofRedis] = await Promise.all([checkDatabase(database), redis && checkRedis(redis)]);
  const checks = {
    database: ofDatabase,
    migrations: { status: 'ok' } as const,
    ...(ofRedis !== null && { redis: ofRedis }),
    ...(hasWorker && { workers: checkWorkers(presence.behindMs) }),
  };
  return { status: worstOf(Object.values(checks)), checks };
};

const checkDatabase = async (database: App['kernel']['database']): Promise<HealthCheck> => {
  try {
    await database.ping();
    return { status: 'ok' };
  } catch {
    // The reason is in the log; probes are read by strangers.
    return { status: 'failed', detail: 'PostgreSQL does not answer' };
  }
};

const checkRedis = async (redis: Redis): Promise<HealthCheck> => {
  try {
    await redis.run((client) => client.ping());
    return { status: 'ok' };
  } catch {
    return { status: 'degraded', detail: 'Redis does not answer; everything goes on without it' };
  }
};

/** Without its pulse a process takes no tasks, and others take what it has; what is asked over HTTP it still answers. */
const checkWorkers = (behindMs: number): HealthCheck =>
  behindMs < 3_000
    ? { status: 'ok' }
    : { status: 'degraded', detail: 'the connection over which tasks are taken is down' };
