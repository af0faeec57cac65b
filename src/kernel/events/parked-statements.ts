import { sql } from 'drizzle-orm';

import { prepared, type Slots } from '../database/prepared.ts';
import { type Fence, isHeld } from './subscription-statements.ts';

/** What may run next of a key. */
export type Head = {
  readonly id: string;
  /** Null: the event stands alone. */
  readonly key: string | null;
  readonly seq: number;
  readonly afterXid: number;
  /** Milliseconds until it may run; null: never, it is dead and blocks its key. */
  readonly inMs: number | null;
};

const inMs = sql`case when isfinite(p.run_at) then extract(epoch from p.run_at - now())::float8 * 1000 end`;

/** The first parked event of every key, and those that have none. */
export const listHeads = prepared(
  'kernel.list-parked-heads',
  (_db, value: Slots<{ readonly subscription: string }>) => sql<Head>`
    with recursive keys as (
      (select p.key from kernel.event_parked p
        where p.subscription = ${value.subscription}::text and p.key is not null order by p.key limit 1)
      union all
      select (select p.key from kernel.event_parked p
        where p.subscription = ${value.subscription}::text and p.key > k.key order by p.key limit 1)
      from keys k where k.key is not null
    )
    select h.* from keys k cross join lateral (
      select p.event_id as id, p.key, p.seq::float8 as seq, p.after_xid::float8 as "afterXid", ${inMs} as "inMs"
      from kernel.event_parked p where p.subscription = ${value.subscription}::text and p.key = k.key
      order by p.seq limit 1
    ) h
    union all
    select p.event_id, null, p.seq::float8, p.after_xid::float8, ${inMs}
    from kernel.event_parked p where p.subscription = ${value.subscription}::text and p.key is null`,
);

/** With all that it takes to run it. */
export type ParkedEvent = Head & {
  readonly xid: number;
  readonly payload: unknown;
  readonly traceparent: string | null;
  readonly attempt: number;
};

const parkedEvent = sql`p.event_id as id, p.key, p.xid::float8 as xid, p.seq::float8 as seq, p.after_xid::float8 as "afterXid",
  p.payload, p.traceparent, p.attempt, ${inMs} as "inMs"`;

/** The first of a key. */
export const findFirstParked = prepared(
  'kernel.find-first-parked-event',
  (_db, value: Slots<{ readonly subscription: string; readonly key: string }>) => sql<ParkedEvent>`
    select ${parkedEvent} from kernel.event_parked p
    where p.subscription = ${value.subscription}::text and p.key = ${value.key}::text order by p.seq limit 1`,
);

/** One that stands alone. */
export const findLoneParked = prepared(
  'kernel.find-lone-parked-event',
  (_db, value: Slots<{ readonly subscription: string; readonly id: string }>) => sql<ParkedEvent>`
    select ${parkedEvent} from kernel.event_parked p
    where p.subscription = ${value.subscription}::text and p.event_id = ${value.id}::uuid`,
);

/** What a replay parked under the publisher's key, while the subscriber orders by the payload. */
export const listRawParked = prepared(
  'kernel.list-raw-parked-events',
  (_db, value: Slots<{ readonly subscription: string; readonly limit: number }>) => sql<{
    readonly id: string;
    readonly key: string | null;
    readonly payload: unknown;
  }>`
    select p.event_id as id, p.key, p.payload from kernel.event_parked p
    where p.subscription = ${value.subscription}::text and p.is_raw limit ${value.limit}::int`,
);

type Keys = Fence & { readonly ids: readonly string[]; readonly keys: readonly (string | null)[] };

export const keyParked = prepared(
  'kernel.key-parked-events',
  (_db, value: Slots<Keys>) => sql<{ readonly isHeld: boolean }>`
    with held as materialized (select ${isHeld(value)} as is_held), keyed as (
      update kernel.event_parked p set key = n.key, is_raw = false
      from held cross join unnest(${value.ids}::uuid[], ${value.keys}::text[]) as n (id, key)
      where held.is_held and p.subscription = ${value.subscription}::text and p.event_id = n.id
    )
    select is_held as "isHeld" from held`,
);
