import { z } from 'zod';

import { asyncTask } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { statRetentionDays, statisticsOf } from '../../logic/statistics-of.ts';
import { countDailyActive, listDaysToRollUp, upsertDailyStats } from '../../store/statistics.ts';

/** @see docs/modules/platform/usecases/roll-up-stats.md */
export const rollUpStats = ({ kernel: { database, now } }: PlatformDeps) =>
  asyncTask({
    operationId: 'roll-up-stats',
    payload: z.object({}),
    schedule: { cron: '*/5 * * * *', catchUp: 'latest' },
    keep: 'failures',

    async execute(ctx) {
      const rolledUpAt = now();
      const days = await listDaysToRollUp(database.lanes, { from: firstDayOf(rolledUpAt) });
      if (days.length === 0) return;
      const rows: Parameters<typeof upsertDailyStats>[1][number][] = [];
      for (const { day } of days) {
        const from = new Date(`${day}T00:00:00Z`);
        const to = new Date(from.getTime() + dayMs);
        const [active] = await countDailyActive(database.lanes, { day });
        const statistics = await statisticsOf(database.lanes, from, to);
        rows.push({ day, ...statistics, activeUsers: active?.people ?? 0, rolledUpAt });
      }
      await ctx.transaction(async (tx) => {
        await upsertDailyStats(tx, rows);
        await ctx.completeIn(tx);
      });
    },
  });

const dayMs = 86_400_000;

/** Of what is still there completely. */
const firstDayOf = (now: Date): string =>
  new Date(now.getTime() - (statRetentionDays - 1) * dayMs).toISOString().slice(0, 10);
