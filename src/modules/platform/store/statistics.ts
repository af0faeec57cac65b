import { and, count, desc, eq, getTableColumns, gte, lt, lte, sql } from 'drizzle-orm';

import type { Db, Tx } from '#kernel/database/database.ts';
import { prepared, type Slots } from '#kernel/database/prepared.ts';
import type { Counts } from '../domain/statistics.ts';
import { dailyActive, dailyStats, statMinutes } from '../schema.ts';

type Minute = Counts & { readonly minute: Date; readonly source: string };

/** The same minute of the same source is replaced: writing again what may have been written is no harm. */
export const upsertStatMinutes = async (db: Db, minutes: readonly Minute[]): Promise<void> => {
  await db
    .insert(statMinutes)
    .values([...minutes])
    .onConflictDoUpdate({
      target: [statMinutes.minute, statMinutes.source],
      set: {
        requests: sql`excluded.requests`,
        errors: sql`excluded.errors`,
        latencyMs: sql`excluded.latency_ms`,
        latency: sql`excluded.latency`,
        cacheHits: sql`excluded.cache_hits`,
        cacheMisses: sql`excluded.cache_misses`,
        tasksDone: sql`excluded.tasks_done`,
      },
    });
};

/** `day` as `2026-01-31`, here and below. */
export const insertDailyActive = prepared(
  'platform.insert-daily-active',
  (_db, value: Slots<{ day: string; actorIds: readonly string[] }>) => sql`
    insert into platform.daily_active (day, actor_id)
    select ${value.day}::date, id from unnest(${value.actorIds}::uuid[]) as id
    on conflict do nothing`,
);

export const countDailyActive = prepared('platform.count-daily-active', (db, value: Slots<{ day: string }>) =>
  db.select({ people: count() }).from(dailyActive).where(eq(dailyActive.day, value.day)),
);

/** Of all processes together, from `from` on and before `to`. */
export const sumStatMinutes = prepared(
  'platform.sum-stat-minutes',
  (_db, value: Slots<{ from: Date; to: Date }>) => sql<Sums>`
    with counted as materialized (
      select * from platform.stat_minutes where minute >= ${value.from} and minute < ${value.to}
    ), buckets as (
      select key as bound, sum(value::bigint) as requests from counted, jsonb_each_text(latency) group by key
    )
    select coalesce(sum(requests), 0)::float8 as requests,
           coalesce(sum(errors), 0)::float8 as errors,
           coalesce(sum(latency_ms), 0)::float8 as latency_ms,
           coalesce(sum(cache_hits), 0)::float8 as cache_hits,
           coalesce(sum(cache_misses), 0)::float8 as cache_misses,
           coalesce(sum(tasks_done), 0)::float8 as tasks_done,
           (select coalesce(jsonb_object_agg(bound, requests), '{}') from buckets) as latency
      from counted`,
);

type Sums = {
  readonly requests: number;
  readonly errors: number;
  readonly latency_ms: number;
  readonly cache_hits: number;
  readonly cache_misses: number;
  readonly tasks_done: number;
  readonly latency: Readonly<Record<string, number>>;
};

/**
 * Days that have counts and no row yet, or one that was made before everybody can have written: a process that could
 * not reach the database writes for two hours what it counted meanwhile.
 */
export const listDaysToRollUp = prepared(
  'platform.list-days-to-roll-up',
  (_db, value: Slots<{ from: string }>) => sql<{ readonly day: string }>`
    select day::text
      from (select (minute at time zone 'UTC')::date as day from platform.stat_minutes
             where minute >= ${value.from}::date::timestamp at time zone 'UTC'
             union
            select day from platform.daily_active where day >= ${value.from}::date) as counted
     where not exists (
       select from platform.daily_stats as rolled
        where rolled.day = counted.day
          and rolled.rolled_up_at >= (counted.day + 1)::timestamp at time zone 'UTC' + interval '2 hours')
     order by day`,
);

type DailyStats = typeof dailyStats.$inferInsert;

export const upsertDailyStats = async (tx: Tx, days: readonly DailyStats[]): Promise<void> => {
  await tx
    .insert(dailyStats)
    .values([...days])
    .onConflictDoUpdate({
      target: dailyStats.day,
      set: {
        totalRequests: sql`excluded.total_requests`,
        errorRate: sql`excluded.error_rate`,
        averageLatencyMs: sql`excluded.average_latency_ms`,
        p95Ms: sql`excluded.p95_ms`,
        p99Ms: sql`excluded.p99_ms`,
        activeUsers: sql`excluded.active_users`,
        cacheHitRate: sql`excluded.cache_hit_rate`,
        tasksDone: sql`excluded.tasks_done`,
        rolledUpAt: sql`excluded.rolled_up_at`,
      },
    });
};

const { rolledUpAt: _rolledUpAt, ...shown } = getTableColumns(dailyStats);

/** Both days included, newest first. */
export const listDailyStats = (db: Db, from: string, to: string) =>
  db
    .select(shown)
    .from(dailyStats)
    .where(and(gte(dailyStats.day, from), lte(dailyStats.day, to)))
    .orderBy(desc(dailyStats.day));

const batch = 10_000;

/** True: there are more. */
export const deleteOldStatMinutes = async (tx: Tx, before: Date): Promise<boolean> => {
  const old = tx
    .select({ ctid: sql`ctid` })
    .from(statMinutes)
    .where(lt(statMinutes.minute, before))
    .limit(batch);
  const gone = await tx
    .delete(statMinutes)
    .where(sql`ctid = any(array(${old}))`)
    .returning({ minute: statMinutes.minute });
  return gone.length === batch;
};

/** True: there are more. */
export const deleteOldDailyActive = async (tx: Tx, before: string): Promise<boolean> => {
  const old = tx
    .select({ ctid: sql`ctid` })
    .from(dailyActive)
    .where(lt(dailyActive.day, before))
    .limit(batch);
  const gone = await tx
    .delete(dailyActive)
    .where(sql`ctid = any(array(${old}))`)
    .returning({ day: dailyActive.day });
  return gone.length === batch;
};
