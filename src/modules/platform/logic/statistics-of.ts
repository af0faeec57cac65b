import type { Db } from '#kernel/database/database.ts';
import { type Statistics, toStatistics } from '../domain/statistics.ts';
import { sumStatMinutes } from '../store/statistics.ts';

/** Minutes are kept for so many whole days, and for what has passed of today. */
export const statRetentionDays = 8;

/** Of all processes together, from `from` on and before `to`; both are whole minutes. */
export const statisticsOf = async (db: Db, from: Date, to: Date): Promise<Statistics> => {
  const [sums] = await sumStatMinutes(db, { from, to });
  if (sums === undefined) throw new Error('a sum over no rows is a row, too');
  const { requests, errors, latency } = sums;
  return toStatistics({
    requests,
    errors,
    latencyMs: sums.latency_ms,
    latency,
    cacheHits: sums.cache_hits,
    cacheMisses: sums.cache_misses,
    tasksDone: sums.tasks_done,
  });
};
