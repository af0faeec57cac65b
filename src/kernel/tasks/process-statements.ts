import { sql } from 'drizzle-orm';

import { prepared, type Slots } from '../database/prepared.ts';
import { lockClass, sweeperKey } from '../database/processes.ts';

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

/**
 * Of each queue whether something is ready, and for how many seconds the oldest that is in no group has been. A paused
 * queue has nothing ready. What stands behind the head of its group counts as ready too: a claim tells them apart.
 */
export const findReady = prepared(
  'kernel.find-ready-tasks',
  (_db, value: Slots<{ readonly queues: readonly string[] }>) => sql<{
    readonly queue: string;
    readonly isReady: boolean;
    readonly seconds: number;
  }>`
    select w.queue, count(r.run_at) > 0 or exists (
        select from kernel.tasks g
        where g.queue = w.queue and g.group_key is not null and g.owner is null and g.run_at <= now()
          and not exists (select from kernel.queues p where p.name = w.queue and p.paused_at is not null)
      ) as "isReady",
      coalesce(max(extract(epoch from now() - r.run_at)), 0)::float8 as seconds
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
