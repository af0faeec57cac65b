import { type SQL, sql } from 'drizzle-orm';

import type { Db, Tx } from '../database/database.ts';
import { prepared, type Slots } from '../database/prepared.ts';
import type { Inserted } from './enqueue-statements.ts';
import type { DeadReason } from './settle-statements.ts';

export const taskStates = ['waiting', 'ready', 'running', 'done', 'dead'] as const;
export type TaskState = (typeof taskStates)[number];

export type TaskRow = {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  readonly state: TaskState;
  readonly attempt: number;
  readonly groupKey: string | null;
  /** Null once it is done or dead. */
  readonly runAt: string | null;
  readonly createdAt: string;
  /** Null until then. */
  readonly finishedAt: string | null;
  /** Null unless dead. */
  readonly reason: DeadReason | null;
};

/** Null parts filter nothing. */
export type TaskFilter = {
  readonly state: TaskState | null;
  readonly queue: string | null;
  readonly name: string | null;
  readonly group: string | null;
  readonly reason: string | null;
  /** Created at or after, and before. */
  readonly from: Date | null;
  readonly to: Date | null;
};

const iso = (column: SQL): SQL =>
  sql`case when isfinite(${column}) then to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') end`;

const state = sql`case when t.owner is not null then 'running' when t.run_at > now() then 'waiting' else 'ready' end`;

/** Newest first; `before` is the id behind which the page begins. */
export const listTasks = prepared(
  'kernel.list-tasks',
  (_db, value: Slots<TaskFilter & { readonly before: string | null; readonly limit: number }>) => sql<TaskRow>`
    select a.id, a.queue, a.name, a.state, a.attempt, a.group_key as "groupKey", ${iso(sql`a.run_at`)} as "runAt",
      ${iso(sql`a.created_at`)} as "createdAt", ${iso(sql`a.finished_at`)} as "finishedAt", a.reason
    from (
      select t.id, t.queue, t.name, ${state} as state, t.attempt, t.group_key, t.run_at, t.created_at,
        null::timestamptz as finished_at, null as reason
      from kernel.tasks t where t.run_at < 'infinity'
      union all
      select r.task_id, r.queue, r.name, 'done', r.attempt, r.group_key, null, r.created_at, r.finished_at, null
      from kernel.task_results r
      union all
      select d.task_id, d.queue, d.name, 'dead', d.attempt, d.group_key, null, d.created_at, d.finished_at, d.reason
      from kernel.task_dead d
    ) a
    where (${value.before}::uuid is null or a.id < ${value.before}::uuid)
      and (${value.state}::text is null or a.state = ${value.state}::text)
      and (${value.queue}::text is null or a.queue = ${value.queue}::text)
      and (${value.name}::text is null or a.name = ${value.name}::text)
      and (${value.group}::text is null or a.group_key = ${value.group}::text)
      and (${value.reason}::text is null or a.reason = ${value.reason}::text)
      and (${value.from}::timestamptz is null or a.created_at >= ${value.from}::timestamptz)
      and (${value.to}::timestamptz is null or a.created_at < ${value.to}::timestamptz)
    order by a.id desc limit ${value.limit}::int`,
);

export type TaskDetails = TaskRow & {
  readonly priority: number | null;
  readonly uniqueKey: string | null;
  readonly payload: unknown;
  readonly result: unknown;
  readonly errors: readonly unknown[];
  readonly progress: { readonly percent: number; readonly note: string | null } | null;
  readonly isPaused: boolean;
  readonly hasWorker: boolean;
  readonly hasFreeSlot: boolean;
  readonly isBehindInGroup: boolean;
};

/** A task that ran several times, since it was asked for again meanwhile, is shown as it ended last. */
export const findTask = prepared(
  'kernel.find-task',
  (_db, value: Slots<{ readonly id: string }>) => sql<TaskDetails>`
    select a.id, a.queue, a.name, a.state, a.attempt, a.group_key as "groupKey", ${iso(sql`a.run_at`)} as "runAt",
      ${iso(sql`a.created_at`)} as "createdAt", ${iso(sql`a.finished_at`)} as "finishedAt", a.reason, a.priority,
      a.unique_key as "uniqueKey", a.payload, a.result, coalesce(a.errors, '[]') as errors,
      (select json_build_object('percent', p.percent, 'note', p.note) from kernel.task_progress p where p.task_id = a.id)
        as progress,
      exists (select from kernel.queues q where q.name = a.queue and q.paused_at is not null) as "isPaused",
      exists (select from kernel.processes p where p.queues @> array[a.queue]) as "hasWorker",
      exists (
        select from kernel.processes p cross join lateral jsonb_array_elements(p.pools) as o (pool)
        where o.pool -> 'queues' ? a.queue and (o.pool ->> 'running')::int < (o.pool ->> 'slots')::int
      ) as "hasFreeSlot",
      a.group_key is not null and exists (
        select from kernel.tasks h where h.queue = a.queue and h.group_key = a.group_key and h.seq < a.seq
      ) as "isBehindInGroup"
    from (
      select t.id, t.queue, t.name, ${state} as state, t.attempt, t.group_key, t.run_at, t.created_at,
        null::timestamptz as finished_at, null as reason, t.priority, t.unique_key, t.payload, null::json as result,
        t.errors, t.seq
      from kernel.tasks t where t.id = ${value.id}::uuid and t.run_at < 'infinity'
      union all
      select d.task_id, d.queue, d.name, 'dead', d.attempt, d.group_key, null, d.created_at, d.finished_at, d.reason,
        d.priority, d.unique_key, d.payload, null, d.errors, null
      from kernel.task_dead d where d.task_id = ${value.id}::uuid
      union all
      select r.task_id, r.queue, r.name, 'done', r.attempt, r.group_key, null, r.created_at, r.finished_at, null,
        null, null, null, r.result, null, null
      from kernel.task_results r where r.task_id = ${value.id}::uuid
    ) a
    order by a.finished_at desc nulls first limit 1`,
);

export type QueueRow = {
  readonly name: string;
  /** Null while it is not paused. */
  readonly pausedAt: string | null;
  readonly waiting: number;
  readonly ready: number;
  readonly running: number;
  readonly dead: number;
  /** Processes that serve it. */
  readonly workers: number;
};

/** Every queue that has a task, a worker, or a decision of an administrator. */
export const listTaskQueues = (db: Db): Promise<readonly QueueRow[]> =>
  db.execute<QueueRow>(sql`
    with live as (
      select t.queue, count(*) filter (where t.owner is not null)::int as running,
        count(*) filter (where t.owner is null and t.run_at > now())::int as waiting,
        count(*) filter (where t.owner is null and t.run_at <= now())::int as ready
      from kernel.tasks t where t.run_at < 'infinity' group by t.queue
    ), dead as (select d.queue, count(*)::int as dead from kernel.task_dead d group by d.queue
    ), served as (
      select s.queue, count(*)::int as workers from kernel.processes p, unnest(p.queues) as s (queue) group by s.queue
    ), names as (
      select queue as name from live union select queue from dead union select queue from served
      union select name from kernel.queues
    )
    select n.name, ${iso(sql`q.paused_at`)} as "pausedAt", coalesce(l.waiting, 0) as waiting,
      coalesce(l.ready, 0) as ready, coalesce(l.running, 0) as running, coalesce(d.dead, 0) as dead,
      coalesce(s.workers, 0) as workers
    from names n left join kernel.queues q using (name) left join live l on l.queue = n.name
      left join dead d on d.queue = n.name left join served s on s.queue = n.name
    order by n.name`);

export type WorkerRow = {
  readonly id: string;
  readonly role: string;
  readonly host: string;
  readonly pid: number;
  readonly release: string;
  readonly startedAt: string;
  readonly seenAt: string;
  readonly pools: readonly {
    readonly name: string;
    readonly queues: readonly string[];
    readonly slots: number;
    readonly running: number;
  }[];
};

export const listWorkers = (db: Db): Promise<readonly WorkerRow[]> =>
  db.execute<WorkerRow>(sql`
    select id, role, host, pid, release, ${iso(sql`started_at`)} as "startedAt", ${iso(sql`seen_at`)} as "seenAt", pools
    from kernel.processes where queues <> '{}' order by started_at, id`);

/** Answers whether anything changed. */
export const updateQueuePaused = async (tx: Tx, name: string, isPaused: boolean): Promise<boolean> => {
  const rows = await tx.execute(
    isPaused
      ? sql`insert into kernel.queues as q (name, paused_at) values (${name}, now())
          on conflict (name) do update set paused_at = now() where q.paused_at is null returning name`
      : sql`delete from kernel.queues where name = ${name} and paused_at is not null returning name`,
  );
  return rows.length > 0;
};

export type DeadFilter = Pick<TaskFilter, 'queue' | 'name' | 'reason'> & {
  /** Died before; null filters nothing. */
  readonly before: Date | null;
};

const maxAtOnce = 10_000;

const deadIds = ({ queue, name, reason, before }: DeadFilter): SQL => {
  const time = before?.toISOString() ?? null;
  return sql`
    select d.task_id as id from kernel.task_dead d
    where (${queue}::text is null or d.queue = ${queue}) and (${name}::text is null or d.name = ${name})
      and (${reason}::text is null or d.reason = ${reason})
      and (${time}::timestamptz is null or d.finished_at < ${time}::timestamptz)
    order by d.finished_at, d.task_id limit ${maxAtOnce}`;
};

/** The oldest first, 10,000 at most. */
export const listDeadIds = async (tx: Tx, filter: DeadFilter): Promise<readonly string[]> => {
  const rows = await tx.execute<{ id: string }>(sql`${deadIds(filter)} for update skip locked`);
  return rows.map(({ id }) => id);
};

/** How many that would be. */
export const countDead = async (db: Db, filter: DeadFilter): Promise<number> => {
  const [row] = await db.execute<{ count: number }>(sql`select count(*)::int as count from (${deadIds(filter)}) d`);
  return row?.count ?? 0;
};

export type Requeued = Inserted & {
  /** Null also where it keeps its place in its group. */
  readonly groupKey: string | null;
};

/**
 * Dead tasks begin anew, at the end of their group; one that blocks its group, at its head. If somebody enqueued its
 * unique key meanwhile, it goes without.
 */
export const requeueDead = (tx: Tx, ids: readonly string[]): Promise<readonly Requeued[]> =>
  tx.execute<Requeued>(sql`
    with taken as (delete from kernel.task_dead where task_id in ${ids} returning *)
    insert into kernel.tasks as t (id, queue, name, priority, run_at, group_key, unique_key, payload, traceparent, created_at)
    select d.task_id, d.queue, d.name, d.priority, clock_timestamp(), d.group_key,
      case when not exists (
        select from kernel.tasks o where o.queue = d.queue and o.unique_key = d.unique_key
      ) then d.unique_key end, d.payload, d.traceparent, d.created_at
    from taken d
    on conflict (id) do update set run_at = clock_timestamp(), attempt = 0, errors = null
    returning t.id, t.queue, case when t.xmax = 0 then t.group_key end as "groupKey", extract(epoch from t.run_at)::float8 * 1000 as "runMs",
      0::float8 as "inMs"`);

/** With what stands at the head of a group in their place. */
export const deleteDead = async (tx: Tx, ids: readonly string[]): Promise<readonly Requeued[]> =>
  tx.execute<Requeued>(sql`
    with dead as (delete from kernel.task_dead where task_id in ${ids} returning task_id, queue, group_key),
    blocking as (delete from kernel.tasks t using dead where t.id = dead.task_id and t.run_at = 'infinity')
    select task_id as id, queue, group_key as "groupKey", 0::float8 as "runMs", 0::float8 as "inMs" from dead`);

/** A task that is not finished, whoever runs it; no row: there is none. */
export const deleteTask = async (tx: Tx, id: string): Promise<Requeued | null> => {
  const [row] = await tx.execute<Requeued>(sql`
    delete from kernel.tasks where id = ${id} and run_at < 'infinity'
    returning id, queue, group_key as "groupKey", 0::float8 as "runMs", 0::float8 as "inMs"`);
  return row ?? null;
};

export type OldestReady = { readonly queue: string; readonly seconds: number };

/**
 * The task that could run and has waited longest, in whichever queue that is not paused, whether or not a worker serves
 * it. Those in groups wait for each other and are left out. Walks from queue to queue by the index of what is ready.
 */
export const findOldestReadyTask = prepared(
  'kernel.find-oldest-ready-task',
  () => sql<OldestReady>`
    with recursive places as (
      (select t.queue, t.priority, t.run_at from kernel.tasks t
       where t.owner is null and t.group_key is null order by t.queue, t.priority, t.run_at limit 1)
      union all
      select n.queue, n.priority, n.run_at from places p cross join lateral (
        select t.queue, t.priority, t.run_at from kernel.tasks t
        where t.owner is null and t.group_key is null and (t.queue, t.priority) > (p.queue, p.priority)
        order by t.queue, t.priority, t.run_at limit 1) as n
    )
    select p.queue, extract(epoch from now() - p.run_at)::float8 as seconds from places p
    where p.run_at <= now()
      and not exists (select from kernel.queues q where q.name = p.queue and q.paused_at is not null)
    order by p.run_at limit 1`,
);
