import { type SQL, sql } from 'drizzle-orm';

import { prepared, type Slots } from '../database/prepared.ts';
import { newId } from '../ids.ts';
import { type Columns, toColumns } from './columns.ts';

export type DeadReason = 'attempts_exhausted' | 'not_retriable' | 'timed_out' | 'payload_invalid' | 'unknown_task';

/** How one attempt ends. */
export type Settlement = {
  readonly id: string;
  readonly epoch: number;
  /** `release`: as if this attempt had not been. */
  readonly action: 'done' | 'retry' | 'release' | 'dead';
  /** Until the next attempt. */
  readonly delayMs: number;
  /** JSON of `{at, attempt, code, message}`; null if nothing failed. */
  readonly error: string | null;
  readonly reason: DeadReason | null;
  /** JSON. */
  readonly result: string | null;
  readonly keep: boolean;
  /** Dead at the head of its group, which waits. */
  readonly blocks: boolean;
  readonly ranMs: number;
};

/** Who settles, and the name of the event that tells of a death. */
export type Settler = { readonly owner: string; readonly diedEvent: string };

type Settlements = Columns<Settlement & { readonly eventId: string | null }> & Settler;

/** `isHeld`: it was ours. `isOurs` though not held: its row is locked at the moment. Neither: somebody took it over. */
export type Settled = { readonly id: string; readonly isHeld: boolean; readonly isOurs: boolean };

const settle = (value: Slots<Settlements>, lock: SQL): SQL<Settled> => sql<Settled>`
  with given as materialized (
    select * from unnest(${value.id}::uuid[], ${value.epoch}::int[], ${value.action}::text[],
      ${value.delayMs}::float8[], ${value.error}::text[], ${value.reason}::text[], ${value.result}::text[],
      ${value.keep}::int[], ${value.blocks}::int[], ${value.ranMs}::float8[], ${value.eventId}::uuid[])
      as g (id, epoch, action, delay_ms, error, reason, result, keep, blocks, ran_ms, event_id)
  ), held as materialized (
    select t.id, t.queue, t.name, t.priority, t.group_key, t.unique_key, t.payload, t.traceparent, t.attempt,
      t.created_at, coalesce(t.errors, '[]') || coalesce(g.error::jsonb, '[]') as errors,
      g.action, g.delay_ms, g.reason, g.result, g.keep, g.ran_ms, g.event_id,
      g.action in ('done', 'dead') and t.next_payload is not null as again,
      g.action = 'dead' and g.blocks = 1 and t.group_key is not null as blocks
    from given g join kernel.tasks t on t.id = g.id
    where t.owner = ${value.owner}::uuid and t.epoch = g.epoch
    for update of t ${lock}
  ), again as (
    update kernel.tasks t set owner = null, attempt = 0, errors = null, run_at = now(),
      payload = t.next_payload, next_payload = null
    from held where t.id = held.id and held.again
  ), removed as (
    delete from kernel.tasks t using held
    where t.id = held.id and held.action in ('done', 'dead') and not held.again and not held.blocks
  ), waiting as (
    update kernel.tasks t set owner = null, errors = held.errors, next_payload = null,
      payload = case when held.action = 'retry' then coalesce(t.next_payload, t.payload) else t.payload end,
      attempt = t.attempt - (held.action = 'release')::int,
      unique_key = case when held.action = 'dead' then null else t.unique_key end,
      run_at = case when held.action = 'dead' then 'infinity'
        else now() + held.delay_ms * interval '1 millisecond' end
    from held where t.id = held.id and not held.again
      and (held.action in ('retry', 'release') or (held.action = 'dead' and held.blocks))
  ), kept as (
    insert into kernel.task_results
      (task_id, queue, name, group_key, attempt, result, created_at, started_at, finished_at)
    select id, queue, name, group_key, attempt, result::json, created_at,
      now() - ran_ms * interval '1 millisecond', now()
    from held where action = 'done' and keep = 1
  ), buried as (
    insert into kernel.task_dead
      (task_id, queue, name, priority, group_key, unique_key, payload, traceparent, reason, attempt, errors, created_at)
    select id, queue, name, priority, group_key, unique_key, payload, traceparent, reason, attempt, errors, created_at
    from held where action = 'dead' and not again
  ), told as (
    insert into kernel.events (id, name, payload, traceparent)
    select event_id, ${value.diedEvent}::text,
      json_build_object('taskId', id, 'queue', queue, 'name', name, 'reason', reason), traceparent
    from held where action = 'dead' and not again
  ), forgotten as (
    delete from kernel.task_progress p using held where p.task_id = held.id and held.action in ('done', 'dead')
  )
  select g.id, h.id is not null as "isHeld",
    exists (select from kernel.tasks t where t.id = g.id and t.owner = ${value.owner}::uuid and t.epoch = g.epoch)
      as "isOurs"
  from given g left join held h on h.id = g.id`;

/** Never waits for a row: an enqueue with its unique key may hold it for as long as its transaction lasts. */
export const settleTasks = prepared('kernel.settle-tasks', (_db, value: Slots<Settlements>) =>
  settle(value, sql`skip locked`),
);

/** In the handler's transaction, which may wait. */
export const completeTask = prepared('kernel.complete-task', (_db, value: Slots<Settlements>) =>
  settle(value, sql.raw('')),
);

export const toSettlements = (settlements: readonly Settlement[], settler: Settler): Settlements => ({
  ...settler,
  eventId: settlements.map(({ action }) => (action === 'dead' ? newId() : null)),
  ...toColumns(settlements, [
    'id',
    'epoch',
    'action',
    'delayMs',
    'error',
    'reason',
    'result',
    'keep',
    'blocks',
    'ranMs',
  ]),
});
