import { sql } from 'drizzle-orm';

import { prepared, type Slots } from '../database/prepared.ts';

/** First half of every lock of ours that is made of two numbers: "ashp" in ASCII. */
const lockClass = sql.raw('1634954096');
const sweeperKey = sql.raw('0');

export type ProcessRow = {
  readonly id: string;
  readonly isLocked: boolean;
  readonly role: string;
  readonly host: string;
  readonly pid: number;
  readonly release: string;
  readonly queues: readonly string[];
};

/** Row and lock at once: nobody sees the row without its lock. `isSafe` is false while our former session lingers. */
export const registerProcess = prepared(
  'kernel.register-process',
  (_db, value: Slots<ProcessRow>) => sql<{ readonly isSafe: boolean }>`
    with me as (
      insert into kernel.processes (id, is_locked, role, host, pid, release, queues)
      values (${value.id}, ${value.isLocked}, ${value.role}, ${value.host}, ${value.pid}, ${value.release},
        ${value.queues}::text[])
      on conflict (id) do update set seen_at = now()
      returning lock_key, is_locked
    )
    select case when is_locked then pg_try_advisory_lock(${lockClass}, lock_key) else true end as "isSafe" from me`,
);

export type Pulse = { readonly isKnown: boolean; readonly freed: readonly string[] | null };

/**
 * Heartbeat and sweep. Whoever gets the sweeper's lock frees the tasks of processes that are gone: those without their
 * session lock at once (but for 3 s after a restart of PostgreSQL, in which the living come back), silent ones after
 * 10 s. `freed` names the queues that have work again.
 */
export const pulseProcess = prepared(
  'kernel.pulse-process',
  (_db, value: Slots<{ readonly id: string; readonly pools: string }>) => sql<Pulse>`
    with beat as (
      update kernel.processes set seen_at = clock_timestamp(), pools = ${value.pools}::text::jsonb
      where id = ${value.id}::uuid returning 1
    ), gone as (
      select p.id from kernel.processes p
      where p.id <> ${value.id}::uuid
        and (p.seen_at < now() - interval '10 seconds'
          or (p.is_locked and pg_postmaster_start_time() < now() - interval '3 seconds' and not exists (
            select from pg_locks l
            where l.locktype = 'advisory' and l.classid = ${lockClass}::oid and l.objid = p.lock_key::oid
              and l.objsubid = 2 and l.granted
              and l.database = (select d.oid from pg_database d where d.datname = current_database()))))
    ), sweep as materialized (
      select id from gone where (select pg_try_advisory_xact_lock(${lockClass}, ${sweeperKey}))
    ), freed as (
      update kernel.tasks t set owner = null, run_at = greatest(t.run_at, now())
      where t.owner in (select id from sweep) returning t.queue
    ), removed as (
      delete from kernel.processes p where p.id in (select id from sweep)
    )
    select exists (select from beat) as "isKnown", (select array_agg(distinct queue) from freed) as freed`,
);

/** Of these, what is not ours any more: cancelled, or freed and taken by somebody else. */
export const findLost = prepared(
  'kernel.find-lost-tasks',
  (
    _db,
    value: Slots<{ readonly owner: string; readonly ids: readonly string[]; readonly epochs: readonly number[] }>,
  ) => sql<{
    readonly id: string;
  }>`
    select h.id from unnest(${value.ids}::uuid[], ${value.epochs}::int[]) as h (id, epoch)
    where not exists (
      select from kernel.tasks t where t.id = h.id and t.owner = ${value.owner}::uuid and t.epoch = h.epoch)`,
);

/** What nobody owns any more though it looks owned; only a claim in the very moment of its process's end leaves any. */
export const freeOrphans = prepared(
  'kernel.free-orphan-tasks',
  (_db, value: Slots<{ readonly id: string }>) => sql<{ readonly queue: string }>`
    update kernel.tasks t set owner = null, run_at = greatest(t.run_at, now())
    where t.owner is not null and t.owner <> ${value.id}::uuid
      and not exists (select from kernel.processes p where p.id = t.owner)
      and pg_try_advisory_xact_lock(${lockClass}, ${sweeperKey})
    returning t.queue`,
);

/** Rows with our id that we do not hold: the answer to a claim was lost on its way. The attempt was none. */
export const freeUnheld = prepared(
  'kernel.free-unheld-tasks',
  (_db, value: Slots<{ readonly id: string; readonly held: readonly string[] }>) => sql<{ readonly queue: string }>`
    update kernel.tasks t set owner = null, attempt = greatest(t.attempt - 1, 0), run_at = greatest(t.run_at, now())
    where t.owner = ${value.id}::uuid and t.id <> all (${value.held}::uuid[])
    returning t.queue`,
);

export const unregisterProcess = prepared(
  'kernel.unregister-process',
  (_db, value: Slots<{ readonly id: string }>) => sql`delete from kernel.processes where id = ${value.id}::uuid`,
);

export const writeProgress = prepared(
  'kernel.write-task-progress',
  (
    _db,
    value: Slots<{
      readonly ids: readonly string[];
      readonly percents: readonly number[];
      readonly notes: readonly (string | null)[];
    }>,
  ) => sql`
    insert into kernel.task_progress (task_id, percent, note)
    select * from unnest(${value.ids}::uuid[], ${value.percents}::int[], ${value.notes}::text[])
    on conflict (task_id) do update set percent = excluded.percent, note = excluded.note, updated_at = now()`,
);

/** Seconds that the oldest ready task of each queue has been waiting, without those of paused queues. */
export const findOldestReady = prepared(
  'kernel.find-oldest-ready-tasks',
  (_db, value: Slots<{ readonly queues: readonly string[] }>) => sql<{
    readonly queue: string;
    readonly seconds: number;
  }>`
    select w.queue, coalesce(max(extract(epoch from now() - r.run_at)), 0)::float8 as seconds
    from unnest(${value.queues}::text[]) as w (queue)
    left join lateral (
      select (select c.run_at from kernel.tasks c
        where c.queue = w.queue and c.priority = s.priority::smallint and c.owner is null and c.group_key is null
          and c.run_at <= now()
        order by c.run_at limit 1) as run_at
      from generate_series(0, 9) as s (priority)
      where not exists (select from kernel.queues p where p.name = w.queue and p.paused_at is not null)
    ) r on true
    group by w.queue`,
);

export const createResultPartitions = prepared(
  'kernel.create-task-result-partitions',
  () => sql`select kernel.create_task_result_partitions()`,
);

export const dropResultPartitions = prepared(
  'kernel.drop-task-result-partitions',
  (_db, value: Slots<{ readonly retentionDays: number }>) =>
    sql`select kernel.drop_task_result_partitions(${value.retentionDays}::int)`,
);

export const deleteOldDead = prepared(
  'kernel.delete-old-dead-tasks',
  () => sql<{ readonly isMore: boolean }>`
    with old as (
      select task_id from kernel.task_dead where finished_at < now() - interval '90 days' order by finished_at limit 10000
    ), gone as (delete from kernel.task_dead d using old where d.task_id = old.task_id returning 1)
    select count(*) = 10000 as "isMore" from gone`,
);

/** Of tasks that are gone. */
export const deleteOldProgress = prepared(
  'kernel.delete-old-task-progress',
  () => sql`
    delete from kernel.task_progress p
    where p.updated_at < now() - interval '1 day' and not exists (select from kernel.tasks t where t.id = p.task_id)`,
);
