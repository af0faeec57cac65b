import { z } from 'zod';

import { worstOf } from '#kernel/health.ts';
import { userAction } from '#kernel/usecase.ts';
import { readHealth } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { healthReport } from '../../logic/health-shapes.ts';
import { findDatabaseActivity } from '../../store/database-activity.ts';
import { listRunningProcesses } from '../../store/processes.ts';

/** @see docs/modules/platform/usecases/get-health.md */
export const getHealth = ({ kernel: { database, presence, release }, processWatch, healthChecks }: PlatformDeps) =>
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
      const startedAt = performance.now();
      const activity = await findDatabaseActivity(database.lanes);
      const queryMs = performance.now() - startedAt;
      const [processes, checks] = await Promise.all([listRunningProcesses(database.lanes), healthChecks.run()]);
      const { processId: id, behindMs } = presence;

      return {
        status: worstOf(Object.values(checks)),
        release,
        process: { id, behindMs: Number.isFinite(behindMs) ? behindMs : null, ...processWatch.sample() },
        database: { queryMs, pool: database.usage, ...activity },
        processes: [...processes],
        checks,
      };
    },
  });
