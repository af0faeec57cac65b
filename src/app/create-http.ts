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
export const createHttp = (app: App, { modules }: Pick<Role, 'modules'>): HttpApp => {
  const { kernel, config, sessions } = app;
  const { cors, metricsPort = null, ...http } = config.http;
  return createHttpApp({
    ...kernel,
    config: { ...http, metricsPort, corsAllowedOrigins: cors.allowedOrigins },
    usecases: listUserActions(app).filter(({ module }) => modules === 'all' || modules.includes(module)),
    permissionFree,
    resolver: sessions,
    health: { ready: () => checkReadiness(app) },
    openApi: { title: 'Ashlar', version: kernel.release },
  });
};

/** A process listens only once its migrations are applied, so what may be lost later is the database, and Redis. */
const checkReadiness = async ({ kernel: { database, redis } }: App): Promise<Health> => {
  const [ofDatabase, ofRedis] = await Promise.all([checkDatabase(database), redis && checkRedis(redis)]);
  const checks = {
    database: ofDatabase,
    migrations: { status: 'ok' } as const,
    ...(ofRedis !== null && { redis: ofRedis }),
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
