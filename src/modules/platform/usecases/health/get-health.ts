import { z } from 'zod';

import { worstOf } from '#kernel/health.ts';
import { userAction } from '#kernel/usecase.ts';
import { readHealth } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { findDatabaseActivity } from '../../store/database-activity.ts';

const status = z.enum(['ok', 'degraded', 'failed']);

/** @see docs/modules/platform/usecases/get-health.md */
export const getHealth = ({ kernel: { database, release }, processWatch, checkModules }: PlatformDeps) =>
  userAction({
    operationId: 'get-health',
    summary: 'Report how this process, its database and its modules are doing',
    access: 'GET /api/v1/platform/health-report',
    actors: ['admin', 'service_acc'],
    permissions: [readHealth.name],
    input: z.object({}),
    output: z.object({
      status,
      release: z.string(),
      process: z.object({
        uptimeSeconds: z.number(),
        heapUsedBytes: z.int(),
        residentBytes: z.int(),
        cpuPercent: z.number(),
        eventLoopP99Ms: z.number(),
      }),
      database: z.object({
        queryMs: z.number(),
        connections: z.int(),
        oldestTransactionSeconds: z.number().nullable(),
      }),
      checks: z.record(z.string(), z.object({ status, detail: z.string().optional() })),
    }),
    errors: {},

    async execute() {
      const startedAt = performance.now();
      const activity = await findDatabaseActivity(database.lanes);
      const queryMs = performance.now() - startedAt;
      const checks = await checkModules();

      return {
        status: worstOf(Object.values(checks)),
        release,
        process: processWatch.sample(),
        database: { queryMs, ...activity },
        checks,
      };
    },
  });
