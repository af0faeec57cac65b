import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import { readStats } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { statisticsOf } from '../../logic/statistics-of.ts';
import { dayShape, statisticsShape } from '../../logic/statistics-shapes.ts';
import { countDailyActive } from '../../store/statistics.ts';

const minuteMs = 60_000;

/** @see docs/modules/platform/usecases/get-current-metrics.md */
export const getCurrentMetrics = ({ kernel: { database, now } }: PlatformDeps) =>
  userAction({
    operationId: 'get-current-metrics',
    summary: 'Show what all processes did in the last five minutes and today',
    access: 'GET /api/v1/platform/metrics/current',
    actors: ['admin', 'service_acc'],
    permissions: [readStats.name],
    input: z.object({}),
    output: z.object({ at: z.iso.datetime(), lastFiveMinutes: statisticsShape, today: dayShape }),
    errors: {},

    async execute() {
      const at = now();
      const day = at.toISOString().slice(0, 10);
      const end = new Date(at.getTime() + minuteMs);
      // Five whole minutes; the one that runs is written when it is over, or by whoever stops.
      const from = new Date(Math.floor(at.getTime() / minuteMs - 5) * minuteMs);
      const [lastFiveMinutes, today, [active]] = await Promise.all([
        statisticsOf(database.lanes, from, end),
        statisticsOf(database.lanes, new Date(`${day}T00:00:00Z`), end),
        countDailyActive(database.lanes, { day }),
      ]);
      return { at: at.toISOString(), lastFiveMinutes, today: { ...today, activeUsers: active?.people ?? 0 } };
    },
  });
