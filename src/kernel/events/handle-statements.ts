import { type SQL, sql } from 'drizzle-orm';

import { prepared, type Slots } from '../database/prepared.ts';
import type { Columns } from '../tasks/columns.ts';
import { type Fence, isHeld } from './subscription-statements.ts';

export type DeadReason = 'attempts_exhausted' | 'timed_out' | 'payload_invalid';

type Entry = Fence & { readonly id: string; readonly xid: number; readonly seq: number };
/** `isHeld` false: the subscription is somebody else's by now. `isNew` false: the effect was made already. */
type Entered = { readonly isHeld: boolean; readonly isNew: boolean };

const enter = (value: Slots<Entry>): SQL => sql`
  insert into kernel.inbox (subscription, event_id, xid, seq)
  select ${value.subscription}::text, ${value.id}::uuid, ${value.xid}::bigint, ${value.seq}::bigint
  from held where is_held
  on conflict do nothing returning 1`;

/** First in the transaction of the effect: two who handle one event wait for each other here, and one is refused. */
export const enterInbox = prepared(
  'kernel.enter-inbox',
  (_db, value: Slots<Entry>) => sql<Entered>`
    with held as materialized (select ${isHeld(value)} as is_held), entered as (${enter(value)})
    select is_held as "isHeld", exists (select from entered) as "isNew" from held`,
);

/** The same for what is parked, which goes with it. */
export const enterInboxFromParked = prepared(
  'kernel.enter-inbox-from-parked',
  (_db, value: Slots<Entry>) => sql<Entered>`
    with held as materialized (select ${isHeld(value)} as is_held), entered as (${enter(value)}), freed as (
      delete from kernel.event_parked p using held
      where held.is_held and p.subscription = ${value.subscription}::text and p.event_id = ${value.id}::uuid
    )
    select is_held as "isHeld", exists (select from entered) as "isNew" from held`,
);

/** Why and for how long an event is put aside. */
export type Parking = {
  readonly xid: number;
  readonly seq: number;
  /** Not before everything up to this transaction is read; 0: at once. */
  readonly afterXid: number;
  /** By which the subscriber orders. */
  readonly key: string | null;
  readonly attempt: number;
  /** Until it may run. */
  readonly delayMs: number;
  /** JSON; null: it did not fail itself. */
  readonly error: string | null;
};

type Held = { readonly isHeld: boolean };

/** Out of the log, which keeps what a position has not passed. One that is parked already stays as it is. */
export const parkEvents = prepared(
  'kernel.park-events',
  (_db, value: Slots<Fence & Columns<Parking> & { readonly event: string }>) => sql<Held>`
    with held as materialized (select ${isHeld(value)} as is_held), parked as (
      insert into kernel.event_parked
        (subscription, event_id, xid, seq, after_xid, key, payload, traceparent, created_at, attempt, run_at, errors)
      select ${value.subscription}::text, e.id, e.xid, e.seq, n.after_xid, n.key, e.payload, e.traceparent, e.created_at,
        n.attempt, now() + n.delay_ms * interval '1 millisecond',
        case when n.error is not null then jsonb_build_array(n.error::jsonb) end
      from held cross join unnest(${value.xid}::bigint[], ${value.seq}::bigint[], ${value.afterXid}::bigint[],
          ${value.key}::text[], ${value.attempt}::int[], ${value.delayMs}::float8[], ${value.error}::text[])
          as n (xid, seq, after_xid, key, attempt, delay_ms, error)
        join kernel.events e on e.name = ${value.event}::text and e.xid = n.xid and e.seq = n.seq
      where held.is_held
      on conflict (subscription, event_id) do nothing
    )
    select is_held as "isHeld" from held`,
);

type Failure = Fence & {
  readonly id: string;
  readonly attempt: number;
  readonly delayMs: number;
  readonly error: string;
};

/** What is parked has failed again. */
export const reparkEvent = prepared(
  'kernel.repark-event',
  (_db, value: Slots<Failure>) => sql<Held>`
    with held as materialized (select ${isHeld(value)} as is_held), parked as (
      update kernel.event_parked p set attempt = ${value.attempt}::int,
        run_at = now() + ${value.delayMs}::float8 * interval '1 millisecond',
        errors = coalesce(p.errors, '[]') || ${value.error}::text::jsonb
      from held where held.is_held and p.subscription = ${value.subscription}::text and p.event_id = ${value.id}::uuid
    )
    select is_held as "isHeld" from held`,
);

type Death = Omit<Failure, 'delayMs'> & {
  readonly event: string;
  readonly reason: DeadReason;
  readonly blocks: boolean;
};

/** What is parked has failed for the last time. It is in the inbox too, so that nobody who reads it again runs it. */
export const buryEvent = prepared(
  'kernel.bury-event',
  (_db, value: Slots<Death>) => sql<Held>`
    with held as materialized (select ${isHeld(value)} as is_held), gone as (
      delete from kernel.event_parked p using held
      where held.is_held and not ${value.blocks}::boolean and p.subscription = ${value.subscription}::text
        and p.event_id = ${value.id}::uuid
      returning p.*
    ), blocking as (
      update kernel.event_parked p set run_at = 'infinity' from held
      where held.is_held and ${value.blocks}::boolean and p.key is not null
        and p.subscription = ${value.subscription}::text and p.event_id = ${value.id}::uuid
      returning p.*
    ), dead as (
      insert into kernel.event_dead as d
        (subscription, event_id, name, xid, seq, key, payload, traceparent, created_at, reason, attempt, errors)
      select o.subscription, o.event_id, ${value.event}::text, o.xid, o.seq, o.key, o.payload, o.traceparent,
        o.created_at, ${value.reason}::text, ${value.attempt}::int,
        coalesce(o.errors, '[]') || ${value.error}::text::jsonb
      from (select * from gone union all select * from blocking) o
      returning d.subscription, d.event_id, d.xid, d.seq
    ), entered as (
      insert into kernel.inbox (subscription, event_id, xid, seq)
      select subscription, event_id, xid, seq from dead on conflict do nothing
    )
    select is_held as "isHeld" from held`,
);
