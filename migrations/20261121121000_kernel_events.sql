-- +migrate Up
create sequence kernel.event_seq;

-- The first three columns are filled from left to right: whoever has a lower seq had its xid before, and reach is above it.
create table kernel.events (
  xid bigint not null default kernel.current_xid(),
  seq bigint not null default nextval('kernel.event_seq'),
  reach bigint not null default kernel.next_xid(),
  id uuid not null,
  name text not null,
  key text,
  payload json not null,
  traceparent text,
  created_at timestamptz(3) not null default now()
) partition by range (created_at);
alter sequence kernel.event_seq owned by kernel.events.seq;
create index events_name_idx on kernel.events (name, xid, seq);
create index events_id_idx on kernel.events (id);
comment on table kernel.events is 'What has happened, in the transaction in which it did. A partition a day; the oldest are dropped.';
comment on column kernel.events.xid is 'The transaction. Events are read by (xid, seq), below the oldest transaction that still runs.';
comment on column kernel.events.seq is 'Order among events of one key.';
comment on column kernel.events.reach is 'No event with a lower seq has this xid or a higher one.';
comment on column kernel.events.key is 'Events of one name and key are handled in order; null: in any order.';
-- Nobody may be unable to publish because nobody was there to make the partition of the day.
create table kernel.events_default partition of kernel.events default;

create table kernel.subscriptions (
  name text primary key,
  event text not null,
  xid bigint not null,
  seq bigint not null,
  owner uuid,
  epoch integer not null default 0,
  paused_at timestamptz(3),
  created_at timestamptz(3) not null default now()
) with (fillfactor = 50);
comment on table kernel.subscriptions is 'How far each subscriber has come.';
comment on column kernel.subscriptions.xid is 'With seq: every event at or below is handled, parked or dead.';
comment on column kernel.subscriptions.owner is 'The process that consumes it; null: nobody.';
comment on column kernel.subscriptions.epoch is 'Raised whenever somebody takes it, or takes it away: what an earlier owner still writes changes nothing.';

create table kernel.inbox (
  subscription text not null,
  event_id uuid not null,
  xid bigint not null,
  seq bigint not null,
  handled_at timestamptz(3) not null default now(),
  primary key (subscription, event_id)
);
comment on table kernel.inbox is 'Events whose effect was made, in the transaction of the effect. Pruned behind the position.';

create table kernel.event_parked (
  subscription text not null,
  event_id uuid not null,
  xid bigint not null,
  seq bigint not null,
  after_xid bigint not null default 0,
  key text,
  payload json not null,
  traceparent text,
  created_at timestamptz(3) not null,
  attempt integer not null default 0,
  run_at timestamptz(3) not null default now(),
  errors jsonb,
  is_raw boolean not null default false,
  primary key (subscription, event_id)
);
create index event_parked_key_idx on kernel.event_parked (subscription, key, seq);
create index event_parked_raw_idx on kernel.event_parked (subscription) where is_raw;
comment on table kernel.event_parked is 'Events that failed, and those of the same key behind them. Of a key the first one runs.';
comment on column kernel.event_parked.key is 'By which the subscriber orders; null: it stands alone.';
comment on column kernel.event_parked.is_raw is 'Its key is that of the publisher; whoever takes the subscription puts the subscriber''s there.';
comment on column kernel.event_parked.after_xid is 'Not before everything up to this transaction is read: events of its key with a lower seq stand there.';
comment on column kernel.event_parked.run_at is 'Not before. Infinity: dead, and blocking its key.';

create table kernel.event_dead (
  subscription text not null,
  event_id uuid not null,
  name text not null,
  xid bigint not null,
  seq bigint not null,
  key text,
  payload json not null,
  traceparent text,
  created_at timestamptz(3) not null,
  reason text not null,
  attempt integer not null,
  errors jsonb not null,
  died_at timestamptz(3) not null default now(),
  primary key (subscription, event_id),
  constraint event_dead_reason_check check (reason in ('attempts_exhausted', 'timed_out', 'payload_invalid'))
);
create index event_dead_died_idx on kernel.event_dead (died_at, subscription, event_id);

-- The role that runs the program may not make or drop tables; it may ask for exactly this. Whoever publishes waits behind
-- a lock that these wait for: so they wait shortly, and somebody tries again later.
create function kernel.make_event_partitions() returns void
language plpgsql security definer set search_path = pg_catalog set lock_timeout = '250ms' as $$
declare
  today date := (now() at time zone 'UTC')::date;
begin
  perform pg_advisory_xact_lock(1634954096, -1);
  for day in 0..13 loop
    continue when to_regclass('kernel.events_' || to_char(today + day, 'YYYYMMDD')) is not null;
    begin
      execute format(
        'create table kernel.%I partition of kernel.events for values from (%L) to (%L)',
        'events_' || to_char(today + day, 'YYYYMMDD'),
        (today + day)::timestamp at time zone 'UTC', (today + day + 1)::timestamp at time zone 'UTC');
    exception when check_violation then
      null; -- Events of that day are in the default partition already, and stay there.
    end;
  end loop;
end $$;
comment on function kernel.make_event_partitions is 'Makes the partitions of today and the two weeks to come.';

create function kernel.drop_expired_events(retention_days integer) returns integer
language plpgsql security definer set search_path = pg_catalog set lock_timeout = '250ms' as $$
declare
  today date := (now() at time zone 'UTC')::date;
  part record;
  is_needed boolean;
  needed integer := 0;
begin
  perform pg_advisory_xact_lock(1634954096, -1);
  for part in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'kernel.events'::regclass
      -- A plan may look at every table's name before it knows whose partition it is.
      and case when c.relname ~ '^events_[0-9]{8}$' then to_date(right(c.relname, 8), 'YYYYMMDD') end
        < today - greatest(retention_days, 1)
  loop
    execute format(
      'select exists (select from kernel.subscriptions s where exists (
        select from kernel.%I e where e.name = s.event and (e.xid, e.seq) > (s.xid, s.seq)))', part.relname)
      into is_needed;
    if is_needed then
      needed := needed + 1;
    else
      execute format('drop table kernel.%I', part.relname);
    end if;
  end loop;
  delete from kernel.events_default e
  where e.created_at < (today - greatest(retention_days, 1))::timestamp at time zone 'UTC' and not exists (
    select from kernel.subscriptions s where e.name = s.event and (e.xid, e.seq) > (s.xid, s.seq));
  return needed;
end $$;
comment on function kernel.drop_expired_events is 'Drops the partitions past their retention, and answers how many are kept because a subscription has not read them.';
select kernel.make_event_partitions();

-- +migrate Down
drop table kernel.events, kernel.subscriptions, kernel.inbox, kernel.event_parked, kernel.event_dead;
drop function kernel.make_event_partitions, kernel.drop_expired_events;
