import { type SQL, sql } from 'drizzle-orm';

import { prepared, type Slots } from '../database/prepared.ts';

/** A task as its worker gets it. */
export type Claimed = {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  readonly priority: number;
  readonly attempt: number;
  readonly epoch: number;
  readonly groupKey: string | null;
  readonly isUnique: boolean;
  readonly payload: unknown;
  readonly traceparent: string | null;
  /** `run_at` in milliseconds of the Unix epoch. */
  readonly runMs: number;
  readonly ageSeconds: number;
};

/** Where to look, in this order: each queue at each priority, behind what was claimed there before. */
type Places = {
  readonly queues: readonly string[];
  readonly priorities: readonly number[];
  readonly afterMs: readonly number[];
  readonly afterIds: readonly string[];
};

/** Plain successes: no unique key, no progress, nothing to look up. */
type Completions = {
  readonly ids: readonly string[];
  readonly epochs: readonly number[];
  readonly keeps: readonly (0 | 1)[];
  readonly results: readonly (string | null)[];
  readonly ranMs: readonly number[];
};

export type Exchange = Places & Completions & { readonly owner: string; readonly limit: number };
/** `finished` stands in every row: how many of the completions counted. Without a claim there is one row without id. */
export type Exchanged = (Claimed | { readonly id: null }) & { readonly finished: number };

const isPaused = (queue: SQL): SQL =>
  sql`${queue} in (select p.name from kernel.queues p where p.paused_at is not null)`;

const takePicked = (owner: unknown): SQL => sql`
  update kernel.tasks t set owner = ${owner}, epoch = t.epoch + 1, attempt = t.attempt + 1
  from picked where t.id = picked.id
  returning t.id, t.queue, t.name, t.priority, t.attempt, t.epoch, t.group_key as "groupKey",
    t.unique_key is not null as "isUnique", t.payload, t.traceparent,
    extract(epoch from t.run_at)::float8 * 1000 as "runMs",
    extract(epoch from now() - t.created_at)::float8 as "ageSeconds"`;

/**
 * Completion and claim in one statement: what was finished goes, what is ready comes. The claim walks the index of
 * ready tasks from where it was, since rows that were claimed or finished stay in the index until a vacuum that an old
 * transaction may hold up for minutes.
 */
export const exchangeTasks = prepared(
  'kernel.exchange-tasks',
  (_db, value: Slots<Exchange>) => sql<Exchanged>`
    with finished as (
      delete from kernel.tasks t
      using unnest(${value.ids}::uuid[], ${value.epochs}::int[], ${value.keeps}::int[], ${value.results}::text[],
        ${value.ranMs}::float8[]) as f (id, epoch, keep, result, ran_ms)
      where t.id = f.id and t.owner = ${value.owner}::uuid and t.epoch = f.epoch
      returning t.id, t.queue, t.name, t.group_key, t.attempt, t.created_at, f.keep, f.result, f.ran_ms
    ), kept as (
      insert into kernel.task_results
        (task_id, queue, name, group_key, attempt, result, created_at, started_at, finished_at)
      select id, queue, name, group_key, attempt, result::json, created_at,
        now() - ran_ms * interval '1 millisecond', now()
      from finished where keep = 1
    ), picked as (
      select ready.id
      from unnest(${value.queues}::text[], ${value.priorities}::int[], ${value.afterMs}::float8[],
        ${value.afterIds}::uuid[]) as w (queue, priority, after_ms, after_id)
      cross join lateral (
        select c.id from kernel.tasks c
        where c.queue = w.queue and c.priority = w.priority::smallint and c.owner is null and c.group_key is null
          and c.run_at <= now() and (c.run_at, c.id) > (to_timestamp(w.after_ms / 1000), w.after_id)
          and not ${isPaused(sql`w.queue`)}
        order by c.run_at, c.id
        limit ${value.limit}::int
        for update skip locked
      ) ready
      limit ${value.limit}::int
    ), claimed as (${takePicked(sql`${value.owner}::uuid`)})
    select f.finished, c.* from (select count(*)::int as finished from finished) f left join claimed c on true`,
);

/**
 * The heads of groups: of each group the first row, if nobody runs it. A row behind it is not looked at, so that order
 * holds while the head runs or waits for its next attempt.
 */
export const claimGroupHeads = prepared(
  'kernel.claim-group-heads',
  (
    _db,
    value: Slots<{
      readonly queues: readonly string[];
      readonly afterKeys: readonly string[];
      readonly limit: number;
      readonly owner: string;
    }>,
  ) => sql<Claimed>`
    with recursive heads as (
      select w.queue, h.group_key, h.id
      from unnest(${value.queues}::text[], ${value.afterKeys}::text[]) as w (queue, after_key)
      cross join lateral (
        select c.group_key, c.id from kernel.tasks c where c.queue = w.queue and c.group_key > w.after_key
        order by c.group_key, c.seq limit 1
      ) h
      where not ${isPaused(sql`w.queue`)}
      union all
      select g.queue, h.group_key, h.id
      from heads g
      cross join lateral (
        select c.group_key, c.id from kernel.tasks c where c.queue = g.queue and c.group_key > g.group_key
        order by c.group_key, c.seq limit 1
      ) h
    ), picked as (
      select t.id from heads join kernel.tasks t on t.id = heads.id
      where t.owner is null and t.run_at <= now()
      limit ${value.limit}::int
      for update of t skip locked
    ), claimed as (${takePicked(sql`${value.owner}::uuid`)})
    select * from claimed`,
);
