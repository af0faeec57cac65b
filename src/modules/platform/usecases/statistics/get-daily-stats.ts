import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import { readStats } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { dayShape } from '../../logic/statistics-shapes.ts';
import { listDailyStats } from '../../store/statistics.ts';

const maxDays = 400;
const dayMs = 86_400_000;

/** @see docs/modules/platform/usecases/get-daily-stats.md */
export const getDailyStats = ({ kernel: { database } }: PlatformDeps) =>
  userAction({
    operationId: 'get-daily-stats',
    summary: 'Show what all processes did on each day',
    access: 'GET /api/v1/platform/stats/daily',
    actors: ['admin', 'service_acc'],
    permissions: [readStats.name],
    input: z.object({ from: z.iso.date(), to: z.iso.date() }),
    output: z.object({ items: z.array(dayShape.extend({ day: z.iso.date() })) }),
    errors: { RANGE_TOO_LONG: 'invalid' },

    async execute(_ctx, { from, to }, fail) {
      const days = (Date.parse(to) - Date.parse(from)) / dayMs + 1;
      if (days > maxDays) throw fail('RANGE_TOO_LONG', { maxDays });
      return { items: await listDailyStats(database.lanes, from, to) };
    },
  });
