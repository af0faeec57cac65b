import { type SQL, sql } from 'drizzle-orm';

import type { FireState } from '../schedules/fire-state.ts';
import { prepared, type Slots } from './prepared.ts';

const ms = (time: SQL): SQL => sql`floor(extract(epoch from ${time}) * 1000)::float8`;
const instant = (value: SQL): SQL => sql`to_timestamp(${value} / 1000)`;

export type ScheduleKeys = {
  readonly ids: readonly string[];
  readonly crons: readonly string[];
  readonly timeZones: readonly string[];
};

/** New ones, and those that were changed, begin now. */
export const registerSchedules = prepared(
  'kernel.register-schedules',
  (_db, value: Slots<ScheduleKeys>) => sql`
    insert into kernel.schedules as s (id, cron, time_zone)
    select * from unnest(${value.ids}::text[], ${value.crons}::text[], ${value.timeZones}::text[]) as d (id, cron, zone)
    order by d.id
    on conflict (id) do update set cron = excluded.cron, time_zone = excluded.time_zone, cursor_at = now(), next_at = null
      where (s.cron, s.time_zone) is distinct from (excluded.cron, excluded.time_zone)`,
);

/** Times as milliseconds since 1970, by the clock of PostgreSQL. */
export type ScheduleState = {
  readonly id: string;
  readonly cursorMs: number;
  readonly isPaused: boolean;
  readonly nowMs: number;
};

const state = sql`s.id, ${ms(sql`s.cursor_at`)} as "cursorMs", s.paused_at is not null as "isPaused",
  ${ms(sql`clock_timestamp()`)} as "nowMs"`;

export const readSchedules = prepared(
  'kernel.read-schedules',
  (_db, value: Slots<{ readonly ids: readonly string[] }>) =>
    sql<ScheduleState>`select ${state} from kernel.schedules s where s.id = any(${value.ids}::text[])`,
);

/** No row: somebody else decides about it at this moment. */
export const tryLockSchedule = prepared(
  'kernel.try-lock-schedule',
  (_db, value: Slots<{ readonly id: string }>) =>
    sql<ScheduleState>`select ${state} from kernel.schedules s where s.id = ${value.id} for update skip locked`,
);

export const lockSchedule = prepared(
  'kernel.lock-schedule',
  (_db, value: Slots<{ readonly id: string }>) =>
    sql<ScheduleState>`select ${state} from kernel.schedules s where s.id = ${value.id} for update`,
);

/** Whether a task of it is unfinished. One pass enqueues 100 at most, and no more follow while one of them is. */
export const isScheduleBusy = prepared(
  'kernel.is-schedule-busy',
  (_db, value: Slots<{ readonly id: string }>) => sql<{ readonly isBusy: boolean }>`
    select exists (
      select from kernel.tasks t where t.run_at < 'infinity' and t.id in (
        select f.task_id from kernel.schedule_fires f
        where f.schedule_id = ${value.id} and f.task_id is not null order by f.fired_at desc limit 200)
    ) as "isBusy"`,
);

/** No row: the slot has fired before. */
export const insertFire = prepared(
  'kernel.insert-schedule-fire',
  (_db, value: Slots<{ readonly id: string; readonly scheduleId: string; readonly slotMs: number | null }>) =>
    sql<{ readonly id: string }>`
      insert into kernel.schedule_fires (id, schedule_id, slot)
      values (${value.id}, ${value.scheduleId}, ${instant(sql`${value.slotMs}::float8`)})
      on conflict (schedule_id, slot) do nothing returning id`,
);

export const updateFire = prepared(
  'kernel.update-schedule-fire',
  (_db, value: Slots<{ readonly id: string; readonly taskId: string }>) =>
    sql`update kernel.schedule_fires set task_id = ${value.taskId}::uuid where id = ${value.id}::uuid`,
);

/** The cursor never goes back, though a clock may. */
export const moveCursor = prepared(
  'kernel.move-schedule-cursor',
  (_db, value: Slots<{ readonly id: string; readonly cursorMs: number; readonly nextMs: number | null }>) => sql`
    update kernel.schedules set cursor_at = greatest(cursor_at, ${instant(sql`${value.cursorMs}::float8`)}),
      next_at = ${instant(sql`${value.nextMs}::float8`)}
    where id = ${value.id}`,
);

export const updateNextSlots = prepared(
  'kernel.update-next-slots',
  (_db, value: Slots<{ readonly ids: readonly string[]; readonly nextMs: readonly (number | null)[] }>) => sql`
    update kernel.schedules s set next_at = n.next_at
    from (
      select u.id, ${instant(sql`u.ms`)}::timestamptz(3) as next_at
      from unnest(${value.ids}::text[], ${value.nextMs}::float8[]) as u (id, ms)
    ) as n
    where s.id = n.id and s.paused_at is null and s.next_at is distinct from n.next_at`,
);

/** No row: it was paused already. */
export const pauseScheduleRow = prepared(
  'kernel.pause-schedule',
  (_db, value: Slots<{ readonly id: string }>) => sql<ScheduleState>`
    update kernel.schedules s set paused_at = now(), next_at = null where s.id = ${value.id} and s.paused_at is null
    returning ${state}`,
);

/** No row: it was not paused. What was due meanwhile is not caught up. */
export const resumeScheduleRow = prepared(
  'kernel.resume-schedule',
  (_db, value: Slots<{ readonly id: string }>) => sql<ScheduleState>`
    update kernel.schedules s set paused_at = null, cursor_at = greatest(s.cursor_at, clock_timestamp())
    where s.id = ${value.id} and s.paused_at is not null
    returning ${state}`,
);

const iso = (time: SQL): SQL => sql`to_char(${time} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

export type ScheduleRow = {
  readonly id: string;
  /** Null while it is followed. */
  readonly pausedAt: string | null;
  /** Null while paused, or if there is none. */
  readonly nextAt: string | null;
  /** When something last came of it, also by hand; null: nothing yet, or long ago. */
  readonly lastFiredAt: string | null;
};

/** Schedules that no manager has seen yet have no row. */
export const listScheduleRows = prepared(
  'kernel.list-schedules',
  (_db, value: Slots<{ readonly ids: readonly string[] }>) => sql<ScheduleRow>`
    select s.id, ${iso(sql`s.paused_at`)} as "pausedAt", ${iso(sql`s.next_at`)} as "nextAt",
      (select ${iso(sql`max(f.fired_at)`)} from kernel.schedule_fires f where f.schedule_id = s.id) as "lastFiredAt"
    from kernel.schedules s where s.id = any(${value.ids}::text[])`,
);

export type FireRow = {
  /** Null: triggered by hand. */
  readonly slot: string | null;
  readonly firedAt: string;
  /** Null: skipped. */
  readonly taskId: string | null;
  readonly state: FireState;
};

/** Newest first. */
export const listFires = prepared(
  'kernel.list-schedule-fires',
  (_db, value: Slots<{ readonly id: string; readonly limit: number }>) => sql<FireRow>`
    select ${iso(sql`f.slot`)} as slot, ${iso(sql`f.fired_at`)} as "firedAt", f.task_id as "taskId",
      case
        when f.task_id is null then 'skipped'
        when t.id is not null and t.run_at < 'infinity' then
          case when t.owner is not null then 'running' when t.run_at > now() then 'waiting' else 'ready' end
        when exists (select from kernel.task_dead d where d.task_id = f.task_id) then 'dead'
        when exists (select from kernel.task_results r where r.task_id = f.task_id) then 'done'
        else 'gone'
      end as state
    from kernel.schedule_fires f left join kernel.tasks t on t.id = f.task_id
    where f.schedule_id = ${value.id} order by f.fired_at desc, f.slot desc limit ${value.limit}::int`,
);

export const deleteOldFires = prepared(
  'kernel.delete-old-schedule-fires',
  () => sql<{ readonly isMore: boolean }>`
    with gone as (
      delete from kernel.schedule_fires where id in (
        select id from kernel.schedule_fires where fired_at < now() - interval '30 days' limit 10000)
      returning 1)
    select count(*) = 10000 as "isMore" from gone`,
);
