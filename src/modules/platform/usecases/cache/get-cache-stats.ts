import { z } from 'zod';

import { reportCache } from '#kernel/cache/cache-report.ts';
import { userAction } from '#kernel/usecase.ts';
import { readCache } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { cacheReport } from '../../logic/cache-admin.ts';

/** @see docs/modules/platform/usecases/get-cache-stats.md */
export const getCacheStats = ({ kernel: { database, cache } }: PlatformDeps) =>
  userAction({
    operationId: 'get-cache-stats',
    summary: 'Show what is cached, where, and how often it helps',
    access: 'GET /api/v1/platform/cache',
    actors: ['admin', 'service_acc'],
    permissions: [readCache.name],
    input: z.object({}),
    output: cacheReport,
    errors: {},

    async execute() {
      const { namespaces, ...report } = await reportCache(database.lanes, cache);
      return { ...report, namespaces: [...namespaces] };
    },
  });
