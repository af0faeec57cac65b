import { sql } from 'drizzle-orm';

import { prepared, type Slots } from '../database/prepared.ts';
import type { Columns } from './columns.ts';

export type NewTask = {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  readonly priority: number;
  /** Null: at once. */
  readonly runAt: Date | null;
  readonly groupKey: string | null;
  readonly uniqueKey: string | null;
  readonly payload: string;
  readonly traceparent: string | null;
  readonly onConflict: 'keep' | 'replace' | 'reject';
};

export type Inserted = { readonly id: string; readonly queue: string; readonly runMs: number; readonly inMs: number };

const times = sql`extract(epoch from run_at)::float8 * 1000 as "runMs",
  extract(epoch from run_at - clock_timestamp())::float8 * 1000 as "inMs"`;

/**
 * The row that is there already is locked either way, so that it cannot start before this transaction is visible. A
 * running one is asked to run once more. No row: rejected.
 */
export const insertTask = prepared(
  'kernel.insert-task',
  (_db, value: Slots<NewTask>) => sql<Inserted>`
    insert into kernel.tasks as t (id, queue, name, priority, run_at, group_key, unique_key, payload, traceparent)
    values (${value.id}, ${value.queue}, ${value.name}, ${value.priority}::int,
      coalesce(${value.runAt}::timestamptz, clock_timestamp()), ${value.groupKey}::text, ${value.uniqueKey}::text,
      ${value.payload}::text::json, ${value.traceparent}::text)
    on conflict (queue, unique_key) where unique_key is not null do update set
      next_payload = case when t.owner is not null then excluded.payload end,
      payload = case when t.owner is null and ${value.onConflict}::text = 'replace' then excluded.payload else t.payload end,
      priority = case when t.owner is null and ${value.onConflict} = 'replace' then excluded.priority else t.priority end,
      run_at = case when t.owner is null and ${value.onConflict} = 'replace' then excluded.run_at else t.run_at end
    where ${value.onConflict} <> 'reject'
    returning id, queue, ${times}`,
);

type Row = Pick<NewTask, 'id' | 'queue' | 'priority' | 'groupKey' | 'payload'> & {
  /** As text: the driver passes arrays of times on unformatted. */
  readonly runAt: string | null;
};
export type NewTasks = Columns<Row> & Pick<NewTask, 'name' | 'traceparent'>;

/** Many without unique keys, in one statement. */
export const insertTasks = prepared(
  'kernel.insert-tasks',
  (_db, value: Slots<NewTasks>) => sql<Inserted>`
    insert into kernel.tasks (id, queue, name, priority, run_at, group_key, payload, traceparent)
    select n.id, n.queue, ${value.name}::text, n.priority, coalesce(n.run_at, clock_timestamp()), n.group_key,
      n.payload::json, ${value.traceparent}::text
    from unnest(${value.id}::uuid[], ${value.queue}::text[], ${value.priority}::int[],
      ${value.runAt}::text[]::timestamptz[], ${value.groupKey}::text[], ${value.payload}::text[])
      as n (id, queue, priority, run_at, group_key, payload)
    returning id, queue, ${times}`,
);

/** One lock per group, taken in one order by everybody, until the commit. */
export const lockGroups = prepared(
  'kernel.lock-task-groups',
  (_db, value: Slots<{ queues: readonly string[]; groupKeys: readonly string[] }>) => sql`
    select pg_advisory_xact_lock(l.key) from (
      select distinct hashtextextended(g.queue || chr(1) || g.key, 7) as key
      from unnest(${value.queues}::text[], ${value.groupKeys}::text[]) as g (queue, key)
      order by 1) as l`,
);

/** Numbers rows again, in their order, now that nobody else can: so `seq` follows the commits. */
export const renumberTasks = prepared(
  'kernel.renumber-tasks',
  (_db, value: Slots<{ ids: readonly string[] }>) => sql`
    update kernel.tasks t set seq = n.seq
    from (
      select o.id, nextval('kernel.task_seq') as seq
      from (select u.id from unnest(${value.ids}::uuid[]) with ordinality as u (id, position) order by u.position) as o
    ) as n
    where t.id = n.id`,
);
