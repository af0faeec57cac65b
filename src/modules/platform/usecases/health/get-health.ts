import { z } from 'zod';

import { worstOf } from '#kernel/health.ts';
import type { Kernel } from '#kernel/kernel.ts';
import { userAction } from '#kernel/usecase.ts';
import { readHealth } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { healthReport } from '../../logic/health-shapes.ts';
import { findDatabaseActivity } from '../../store/database-activity.ts';
import { listRunningProcesses } from '../../store/processes.ts';

/** @see docs/modules/platform/usecases/get-health.md */
export const getHealth = ({ kernel, processWatch, healthChecks }: PlatformDeps) =>
  userAction({
    operationId: 'get-health',
    summary: 'Report how this process, its database and its modules are doing',
    access: 'GET /api/v1/platform/health-report',
    actors: ['admin', 'service_acc'],
    permissions: [readHealth.name],
    input: z.object({}),
    output: healthReport,
    errors: {},

    async execute() {
      const { database, presence, release } = kernel;
      const startedAt = performance.now();
      const activity = await findDatabaseActivity(database.lanes);
      const queryMs = performance.now() - startedAt;
      const [processes, checks, redis] = await Promise.all([
        listRunningProcesses(database.lanes),
        healthChecks.run(),
        measureRedis(kernel.redis),
      ]);
      const { processId: id, behindMs } = presence;

      return {
        status: worstOf([...Object.values(checks), { status: redis?.isUp === false ? 'degraded' : 'ok' }]),
        release,
        process: { id, behindMs: Number.isFinite(behindMs) ? behindMs : null, ...processWatch.sample() },
        database: { queryMs, pool: database.usage, ...activity },
        redis,
        processes: [...processes],
        checks,
      };
    },
  });

/** Null if none is configured. Everything goes on without it. */
const measureRedis = async (redis: Kernel['redis']) => {
  if (redis === null) return null;
  const startedAt = performance.now();
  try {
    await redis.run((client) => client.ping());
    return { isUp: true, pingMs: performance.now() - startedAt };
  } catch {
    // What it said is in the log; here it counts that it is away.
    return { isUp: false, pingMs: null };
  }
};
