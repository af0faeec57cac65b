import { type SQL, sql } from 'drizzle-orm';

import type { Db, Tx } from '../database/database.ts';
import { prepared, type Slots } from '../database/prepared.ts';
import type { DeadReason } from './handle-statements.ts';

const iso = (column: SQL): SQL => sql`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** Null parts filter nothing. */
export type EventFilter = {
  readonly name: string | null;
  readonly key: string | null;
  /** Published at or after, and before. */
  readonly from: Date | null;
  readonly to: Date | null;
};

export type EventRow = {
  readonly id: string;
  readonly name: string;
  readonly key: string | null;
  readonly payload: unknown;
  readonly createdAt: string;
};

/** Newest first; `before` is the id behind which the page begins. */
export const listEvents = prepared(
  'kernel.list-events',
  (_db, value: Slots<EventFilter & { readonly before: string | null; readonly limit: number }>) => sql<EventRow>`
    select e.id, e.name, e.key, e.payload, ${iso(sql`e.created_at`)} as "createdAt"
    from kernel.events e
    where (${value.before}::uuid is null or e.id < ${value.before}::uuid)
      and (${value.name}::text is null or e.name = ${value.name}::text)
      and (${value.key}::text is null or e.key = ${value.key}::text)
      and (${value.from}::timestamptz is null or e.created_at >= ${value.from}::timestamptz)
      and (${value.to}::timestamptz is null or e.created_at < ${value.to}::timestamptz)
    order by e.id desc limit ${value.limit}::int`,
);

export type SubscriptionRow = {
  readonly name: string;
  readonly event: string;
  readonly position: { readonly xid: number; readonly seq: number };
  /** The process that consumes it; null: nobody does. */
  readonly processId: string | null;
  /** Null while it is not paused. */
  readonly pausedAt: string | null;
  /** Events that are not read yet, 10,000 at most. */
  readonly unread: number;
  /** Age of the oldest of them. */
  readonly lagSeconds: number;
  readonly parked: number;
  readonly dead: number;
};

export const listSubscriptions = prepared(
  'kernel.list-subscriptions',
  (_db, value: Slots<{ readonly after: string; readonly limit: number }>) => sql<SubscriptionRow>`
    select s.name, s.event, json_build_object('xid', s.xid, 'seq', s.seq) as position,
      (select p.id from kernel.processes p where p.id = s.owner) as "processId", ${iso(sql`s.paused_at`)} as "pausedAt",
      u.unread, u.lag as "lagSeconds",
      (select count(*)::int from kernel.event_parked p where p.subscription = s.name) as parked,
      (select count(*)::int from kernel.event_dead d where d.subscription = s.name) as dead
    from kernel.subscriptions s cross join lateral (
      select count(*)::int as unread,
        coalesce(greatest(0, extract(epoch from clock_timestamp() - min(n.created_at))), 0)::float8 as lag
      from (
        select e.created_at from kernel.events e where e.name = s.event and (e.xid, e.seq) > (s.xid, s.seq)
        order by e.xid, e.seq limit 10000
      ) n
    ) u
    where s.name > ${value.after}::text order by s.name limit ${value.limit}::int`,
);

export type DeadEventRow = EventRow & {
  readonly reason: DeadReason;
  readonly attempt: number;
  readonly errors: readonly unknown[];
  readonly diedAt: string;
};

/** Newest first; `before` is the id behind which the page begins. */
export const listDeadEvents = prepared(
  'kernel.list-dead-events',
  (
    _db,
    value: Slots<{ readonly subscription: string; readonly before: string | null; readonly limit: number }>,
  ) => sql<DeadEventRow>`
    select d.event_id as id, d.name, d.key, d.payload, ${iso(sql`d.created_at`)} as "createdAt", d.reason, d.attempt,
      d.errors, ${iso(sql`d.died_at`)} as "diedAt"
    from kernel.event_dead d
    where d.subscription = ${value.subscription}::text
      and (${value.before}::uuid is null or d.event_id < ${value.before}::uuid)
    order by d.event_id desc limit ${value.limit}::int`,
);

export const isSubscription = async (db: Db, name: string): Promise<boolean> =>
  (await db.execute(sql`select from kernel.subscriptions where name = ${name}`)).length > 0;

export const isPublished = async (db: Db, id: string): Promise<boolean> =>
  (await db.execute(sql`select from kernel.events where id = ${id} limit 1`)).length > 0;

/** Answers whether anything changed. Whoever consumes it has lost it. */
export const updateSubscriptionPaused = async (tx: Tx, name: string, isPaused: boolean): Promise<boolean> => {
  const rows = await tx.execute(sql`
    update kernel.subscriptions set owner = null, epoch = epoch + 1, paused_at = ${isPaused ? sql`now()` : sql`null`}
    where name = ${name} and (paused_at is null) = ${isPaused} returning name`);
  return rows.length > 0;
};

/** Whoever consumes it loses it, and whoever takes it next reads anew what is parked. */
export const takeSubscriptionAway = async (tx: Tx, name: string): Promise<void> => {
  await tx.execute(sql`update kernel.subscriptions set owner = null, epoch = epoch + 1 where name = ${name}`);
};

/** It is parked anew, or no longer blocks where it is parked; its first attempt comes next. False: it is not dead. */
export const reviveDeadEvent = async (tx: Tx, subscription: string, id: string): Promise<boolean> => {
  const rows = await tx.execute(sql`
    with gone as (
      delete from kernel.event_dead where subscription = ${subscription} and event_id = ${id} returning *
    ), cleared as (
      delete from kernel.inbox i using gone where i.subscription = gone.subscription and i.event_id = gone.event_id
    ), parked as (
      insert into kernel.event_parked as p
        (subscription, event_id, xid, seq, key, payload, traceparent, created_at)
      select subscription, event_id, xid, seq, key, payload, traceparent, created_at from gone
      on conflict (subscription, event_id) do update set run_at = now(), attempt = 0, errors = null
    )
    select from gone`);
  return rows.length > 0;
};

/** With what blocks its key. False: it is not dead. */
export const deleteDeadEvent = async (tx: Tx, subscription: string, id: string): Promise<boolean> => {
  const rows = await tx.execute(sql`
    with gone as (
      delete from kernel.event_dead where subscription = ${subscription} and event_id = ${id} returning *
    ), freed as (
      delete from kernel.event_parked p using gone where p.subscription = gone.subscription and p.event_id = gone.event_id
    )
    select from gone`);
  return rows.length > 0;
};

export type Range = {
  readonly subscription: string;
  /** Published at or after, and before; null: from the start, up to the position. */
  readonly from: Date | null;
  readonly to: Date | null;
  /** Null: every key. */
  readonly key: string | null;
  /** Names of events; null: whatever it subscribes to. */
  readonly names: readonly string[] | null;
};

const inRange = ({ subscription, from, to, key, names }: Range): SQL => sql`
  select e.id, e.xid, e.seq, e.key, e.payload, e.traceparent, e.created_at
  from kernel.subscriptions s join kernel.events e on e.name = s.event and (e.xid, e.seq) <= (s.xid, s.seq)
  where s.name = ${subscription}
    ${from === null ? sql`` : sql`and e.created_at >= ${from.toISOString()}::timestamptz`}
    ${to === null ? sql`` : sql`and e.created_at < ${to.toISOString()}::timestamptz`}
    ${key === null ? sql`` : sql`and e.key = ${key}`}
    ${names === null ? sql`` : names.length === 0 ? sql`and false` : sql`and e.name in ${names}`}`;

/** How many events a replay would park. */
export const countRange = async (tx: Tx, range: Range): Promise<number> => {
  const [row] = await tx.execute<{ count: number }>(sql`select count(*)::int as count from (${inRange(range)}) r`);
  return row?.count ?? 0;
};

/**
 * Parks what was handled or is dead; what is parked already stays as it is, but for what blocks its key. Answers how
 * many events the range holds. One that is being handled is waited for; `clearInbox` then forgets that it was.
 */
export const parkRange = async (tx: Tx, range: Range): Promise<number> => {
  const { subscription } = range;
  const [row] = await tx.execute<{ count: number }>(sql`
    with range as materialized (${inRange(range)}), raised as (
      delete from kernel.event_dead d using range r where d.subscription = ${subscription} and d.event_id = r.id
    ), parked as (
      insert into kernel.event_parked as p
        (subscription, event_id, xid, seq, key, payload, traceparent, created_at, is_raw)
      select ${subscription}, r.id, r.xid, r.seq, r.key, r.payload, r.traceparent, r.created_at, true from range r
      on conflict (subscription, event_id) do update set run_at = now(), attempt = 0, errors = null
        where p.run_at = 'infinity'
    )
    select count(*)::int as count from range`);
  return row?.count ?? 0;
};

/** What is parked, and does not block its key, is to be handled: whatever became of it before. */
export const clearInbox = async (tx: Tx, subscription: string): Promise<void> => {
  await tx.execute(sql`
    delete from kernel.inbox i using kernel.event_parked p
    where i.subscription = ${subscription} and p.subscription = i.subscription and p.event_id = i.event_id
      and p.run_at < 'infinity'`);
};

/** When the log begins: what was published before is not there. ISO 8601. */
export const findLogStart = async (db: Db): Promise<string> => {
  const [row] = await db.execute<{ start: string }>(sql`
    select ${iso(sql`min(to_date(right(p.name, 8), 'YYYYMMDD'))::timestamp at time zone 'UTC'`)} as start
    from (
      select case when c.relname ~ '^events_[0-9]{8}$' then c.relname end as name
      from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'kernel.events'::regclass
    ) p`);
  return row?.start ?? new Date(0).toISOString();
};
