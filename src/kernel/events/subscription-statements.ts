import { type SQL, sql } from 'drizzle-orm';

import { prepared, type Slots } from '../database/prepared.ts';

type Registrations = {
  readonly names: readonly string[];
  readonly events: readonly string[];
  /** 1: reads what the log holds; 0: begins at its end. */
  readonly fromStarts: readonly (0 | 1)[];
};

/** Once for each subscriber; one that is there keeps its position. */
export const registerSubscriptions = prepared(
  'kernel.register-subscriptions',
  (_db, value: Slots<Registrations>) => sql`
    insert into kernel.subscriptions as s (name, event, xid, seq)
    select n.name, n.event, case n.from_start when 1 then 0 else kernel.oldest_xid() end, 0
    from unnest(${value.names}::text[], ${value.events}::text[], ${value.fromStarts}::int[]) as n (name, event, from_start)
    order by n.name
    on conflict (name) do update set event = excluded.event where s.event <> excluded.event`,
);

const hasNoOwner = sql`(s.owner is null or not exists (select from kernel.processes p where p.id = s.owner))`;

/** True if somebody should take one of these; cheap enough for every pulse. */
export const askForFree = (names: readonly string[]): SQL => sql`
  (select exists (
    select from kernel.subscriptions s
    where s.name in (${sql.join(
      names.map((name) => sql.raw(`'${name.replaceAll("'", "''")}'`)),
      sql`, `,
    )}) and s.paused_at is null and ${hasNoOwner}))`;

export type Look = {
  readonly name: string;
  readonly epoch: number;
  readonly xid: number;
  readonly seq: number;
  /** It is ours since just now. */
  readonly isTaken: boolean;
  /** Nobody has taken it from us. */
  readonly isOurs: boolean;
  /** Age of the oldest event that is not read; 0: there is none. */
  readonly lagSeconds: number;
};

/**
 * Takes what nobody owns; of what we had, says whether we still do. `held` is what this process consumes now: what
 * stands under its id without being there was taken by a statement whose answer was lost.
 */
export const lookAtSubscriptions = prepared(
  'kernel.look-at-subscriptions',
  (
    _db,
    value: Slots<{ readonly owner: string; readonly names: readonly string[]; readonly held: readonly string[] }>,
  ) => sql<Look>`
    with taken as (
      update kernel.subscriptions s set owner = ${value.owner}::uuid, epoch = s.epoch + 1
      where s.name = any(${value.names}::text[]) and s.paused_at is null
        and (${hasNoOwner} or (s.owner = ${value.owner}::uuid and s.name <> all (${value.held}::text[])))
        and exists (select from kernel.processes p where p.id = ${value.owner}::uuid)
      returning s.name, s.epoch
    )
    select s.name, coalesce(t.epoch, s.epoch) as epoch, s.xid::float8 as xid, s.seq::float8 as seq,
      t.name is not null as "isTaken", t.name is not null or coalesce(s.owner = ${value.owner}::uuid, false) as "isOurs",
      coalesce((
        select greatest(0, extract(epoch from clock_timestamp() - e.created_at)) from kernel.events e
        where e.name = s.event and (e.xid, e.seq) > (s.xid, s.seq) order by e.xid, e.seq limit 1
      ), 0)::float8 as "lagSeconds"
    from kernel.subscriptions s left join taken t on t.name = s.name
    where s.name = any(${value.names}::text[])`,
);

/** Who may write for a subscription: whoever took it last. */
export type Fence = { readonly subscription: string; readonly owner: string; readonly epoch: number };

/** Within a statement: true as long as nobody took the subscription from us. */
export const isHeld = (value: Slots<Fence>): SQL => sql`exists (
  select from kernel.subscriptions s
  where s.name = ${value.subscription}::text and s.owner = ${value.owner}::uuid and s.epoch = ${value.epoch}::int)`;

/** No row: somebody took it from us. */
export const moveSubscription = prepared(
  'kernel.move-subscription',
  (_db, value: Slots<Fence & { readonly xid: number; readonly seq: number }>) => sql<{ readonly name: string }>`
    update kernel.subscriptions s set xid = ${value.xid}::bigint, seq = ${value.seq}::bigint
    where s.name = ${value.subscription}::text and s.owner = ${value.owner}::uuid and s.epoch = ${value.epoch}::int
    returning s.name`,
);

export const releaseSubscription = prepared(
  'kernel.release-subscription',
  (_db, value: Slots<Fence>) => sql`
    update kernel.subscriptions s set owner = null, epoch = s.epoch + 1
    where s.name = ${value.subscription}::text and s.owner = ${value.owner}::uuid and s.epoch = ${value.epoch}::int`,
);

/** Behind the position, and old enough that no transaction of a former owner may still come. A part at a time. */
export const pruneInbox = prepared(
  'kernel.prune-inbox',
  (_db, value: Slots<{ readonly subscription: string; readonly limit: number }>) => sql<{ readonly done: number }>`
    with gone as (
      delete from kernel.inbox where ctid = any (array(
        select i.ctid from kernel.inbox i join kernel.subscriptions s on s.name = i.subscription
        where i.subscription = ${value.subscription}::text and (i.xid, i.seq) <= (s.xid, s.seq)
          and i.handled_at < now() - interval '10 minutes'
        limit ${value.limit}::int))
      returning 1)
    select count(*)::int as done from gone`,
);

export const makeEventPartitions = prepared(
  'kernel.make-event-partitions',
  () => sql`select kernel.make_event_partitions()`,
);

/** Answers how many days are kept although they are past their time, since a subscription has not read them. */
export const dropExpiredEvents = prepared(
  'kernel.drop-expired-events',
  (_db, value: Slots<{ readonly retentionDays: number }>) =>
    sql<{ readonly needed: number }>`select kernel.drop_expired_events(${value.retentionDays}::int) as needed`,
);

export const dropOldDeadEvents = prepared(
  'kernel.drop-old-dead-events',
  () => sql<{ readonly id: string }>`
    delete from kernel.event_dead d where (d.subscription, d.event_id) in (
      select o.subscription, o.event_id from kernel.event_dead o
      where o.died_at < now() - interval '90 days' and not exists (
        select from kernel.event_parked p where p.subscription = o.subscription and p.event_id = o.event_id)
      order by o.died_at limit 1000)
    returning d.event_id as id`,
);
