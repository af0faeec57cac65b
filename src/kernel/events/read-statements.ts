import { sql } from 'drizzle-orm';

import { prepared, type Slots } from '../database/prepared.ts';
import { type Fence, isHeld } from './subscription-statements.ts';

/** An event as a subscription gets it. */
export type ReadEvent = {
  readonly id: string;
  readonly xid: number;
  readonly seq: number;
  readonly key: string | null;
  readonly payload: unknown;
  readonly traceparent: string | null;
  /** Handled or parked already: by whoever had the subscription before. */
  readonly isSettled: boolean;
};

/** Visible, but behind the batch: an event of its key with a higher `seq` must wait for it. */
type Ahead = {
  readonly kind: 'ahead';
  readonly xid: number;
  readonly seq: number;
  readonly key: string | null;
  readonly payload: unknown;
};
/**
 * `horizon`: all below is read or in this answer, unless it is full. `isMore`: there are events that may not be read yet.
 * `isHeld` false: the subscription is somebody else's, or what is parked has changed; nothing of this may be run.
 */
type Edge = { readonly kind: 'edge'; readonly horizon: number; readonly isMore: boolean; readonly isHeld: boolean };
export type Read = (ReadEvent & { readonly kind: 'event' }) | Ahead | Edge;

type Range = Fence & {
  readonly event: string;
  readonly xid: number;
  readonly seq: number;
  readonly limit: number;
  /** Whether somebody else may have handled some of it. */
  readonly isChecked: boolean;
  /** Whether the subscriber orders by what is in the payload. */
  readonly hasOwnKey: boolean;
};

/**
 * The next events in the order of transactions, below the oldest that still runs: by `seq` alone an event whose
 * transaction commits late would be skipped. What follows is one snapshot, so that nothing is missed in between.
 */
export const readEvents = prepared(
  'kernel.read-events',
  (_db, value: Slots<Range>) => sql<Read>`
    with batch as materialized (
      select e.id, e.xid, e.seq, e.reach, e.key, e.payload, e.traceparent
      from kernel.events e
      where e.name = ${value.event}::text and (e.xid, e.seq) > (${value.xid}::bigint, ${value.seq}::bigint)
        and e.xid < kernel.oldest_xid()
      order by e.xid, e.seq limit ${value.limit}::int
    ), last as materialized (
      select b.xid, b.seq from batch b order by b.xid desc, b.seq desc limit 1
    ), top as materialized (
      select max(b.reach) as reach, max(b.seq) as seq from batch b
    )
    select 'event' as kind, b.id, b.xid::float8 as xid, b.seq::float8 as seq, b.key, b.payload,
      b.traceparent, case when ${value.isChecked}::boolean then
        exists (select from kernel.inbox i where i.subscription = ${value.subscription}::text and i.event_id = b.id)
        or exists (select from kernel.event_parked p where p.subscription = ${value.subscription}::text and p.event_id = b.id)
      else false end as "isSettled", null::float8 as horizon, null::boolean as "isMore", null::boolean as "isHeld"
    from batch b
    union all
    select 'ahead', null, o.xid::float8, o.seq::float8, o.key,
      case when ${value.hasOwnKey}::boolean then o.payload end, null, null, null, null, null
    from last cross join top cross join lateral (
      select e.xid, e.seq, e.key, e.payload from kernel.events e
      where e.name = ${value.event}::text and (e.xid, e.seq) > (last.xid, last.seq) and e.xid < top.reach
        and e.seq < top.seq and (e.key is not null or ${value.hasOwnKey}::boolean)
    ) o
    union all
    select 'edge', null, null, null, null, null, null, null, kernel.oldest_xid()::float8,
      exists (select from kernel.events e where e.name = ${value.event}::text and e.xid >= kernel.oldest_xid()
        and (e.xid, e.seq) > (${value.xid}::bigint, ${value.seq}::bigint)), ${isHeld(value)}`,
);
