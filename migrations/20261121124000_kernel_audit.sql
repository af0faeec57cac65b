-- +migrate Up
create table kernel.audit_events (
  id uuid not null,
  at timestamptz(3) not null default now(),
  xid bigint not null default kernel.current_xid(),
  actor_type text not null,
  actor_id text,
  session_id text,
  operation text not null,
  subject text,
  outcome text not null,
  code text,
  count integer not null default 1,
  address text,
  trace_id text,
  before json,
  after json,
  primary key (at, id)
) partition by range (at);
create index audit_events_xid_idx on kernel.audit_events (xid, id);
create index audit_events_actor_idx on kernel.audit_events (actor_id, at);
create index audit_events_subject_idx on kernel.audit_events (subject, at);
create index audit_events_operation_idx on kernel.audit_events (operation, at);
comment on table kernel.audit_events is 'Who changed what, and who was refused. Rows are added and never changed; months are dropped as a whole.';
comment on column kernel.audit_events.xid is 'Number of the transaction that made the change: seals follow its order.';
comment on column kernel.audit_events.actor_type is 'admin, user, service_acc; anonymous; system: a command of the machine''s administrator, or Ashlar itself.';
comment on column kernel.audit_events.subject is 'What was changed, as kind:id. Null: the change noted nothing, or it was refused.';
comment on column kernel.audit_events.count is 'How often, where refusals of one actor or address are counted together.';
comment on column kernel.audit_events.before is 'As text: what was sealed is what was written, to the byte.';

create table kernel.audit_seals (
  seq bigint primary key,
  month date not null,
  from_xid bigint not null,
  to_xid bigint not null,
  count integer not null,
  root bytea not null,
  previous bytea not null,
  key_id text not null,
  at timestamptz(3) not null,
  signature bytea not null
);
comment on table kernel.audit_seals is 'A chain of signatures, each over the events of one month with from_xid <= xid < to_xid. Kept for ever.';
comment on column kernel.audit_seals.root is 'Merkle tree hash (RFC 6962) over the leaves.';
comment on column kernel.audit_seals.previous is 'SHA-256 of what was signed before; zeros for the first.';

create table kernel.audit_leaves (
  month date not null,
  seq bigint not null,
  leaves bytea not null,
  primary key (month, seq)
) partition by range (month);
-- Hashes cannot be compressed.
alter table kernel.audit_leaves alter column leaves set storage external;
comment on table kernel.audit_leaves is 'Id and digest of each sealed event, in order: tells which one was changed. Dropped with its month.';

create table kernel.audit_keys (
  id text primary key,
  public_key bytea not null,
  private_sealed bytea not null,
  created_at timestamptz(3) not null default now()
);
comment on table kernel.audit_keys is 'Ed25519 keys that sign seals; the private half is sealed by the master key, and proves the public one.';

create table kernel.audit_months (
  month date primary key,
  exported_at timestamptz(3),
  dropped_at timestamptz(3)
);
comment on table kernel.audit_months is 'Which months were exported as a whole, and dropped. Written by functions alone.';

create function kernel.audit_field(value text) returns text
language sql immutable parallel safe as $$ select coalesce(octet_length(value) || ':' || value, '-') $$;

create function kernel.audit_digest(e kernel.audit_events) returns bytea
language sql stable as $$
  select sha256(convert_to(
    'ashlar audit event 1'
    || kernel.audit_field(e.id::text)
    || kernel.audit_field(to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
    || kernel.audit_field(e.xid::text)
    || kernel.audit_field(e.actor_type)
    || kernel.audit_field(e.actor_id)
    || kernel.audit_field(e.session_id)
    || kernel.audit_field(e.operation)
    || kernel.audit_field(e.subject)
    || kernel.audit_field(e.outcome)
    || kernel.audit_field(e.code)
    || kernel.audit_field(e.count::text)
    || kernel.audit_field(e.address)
    || kernel.audit_field(e.trace_id)
    || kernel.audit_field(e.before::text)
    || kernel.audit_field(e.after::text), 'UTF8'))
$$;
comment on function kernel.audit_digest is 'SHA-256 of every field, each behind its length in bytes; an absent one is a hyphen.';

-- Default privileges give the running role everything: here it may add and read, and choose neither time nor transaction.
create function kernel.guard_audit() returns void
language plpgsql set search_path = pg_catalog as $$
declare
  granted record;
begin
  for granted in
    select distinct c.oid::regclass as name, c.relname, r.rolname
    from pg_class c cross join lateral aclexplode(c.relacl) a join pg_roles r on r.oid = a.grantee
    where c.relnamespace = 'kernel'::regnamespace and c.relkind in ('r', 'p') and a.grantee <> c.relowner
      and c.relname ~ '^audit_(events|seals|leaves|keys|months)(_[0-9]+)?$'
  loop
    execute format('revoke all on %s from %I', granted.name, granted.rolname);
    continue when granted.relname ~ '[0-9]$';
    execute format('grant select on %s to %I', granted.name, granted.rolname);
    case granted.relname
      when 'audit_events' then
        execute format(
          'grant insert (id, actor_type, actor_id, session_id, operation, subject, outcome, code, count, address, '
          'trace_id, before, after) on %s to %I', granted.name, granted.rolname);
      when 'audit_keys' then
        execute format('grant insert, update (private_sealed) on %s to %I', granted.name, granted.rolname);
      when 'audit_months' then null;
      else execute format('grant insert on %s to %I', granted.name, granted.rolname);
    end case;
  end loop;
end $$;
comment on function kernel.guard_audit is 'Leaves other roles than the owner what the audit trail needs: called after every grant.';

create function kernel.make_audit_months() returns void
language plpgsql security definer set search_path = pg_catalog as $$
declare
  first_day date;
begin
  for ahead in 0..3 loop
    first_day := date_trunc('month', now() at time zone 'UTC') + make_interval(months => ahead);
    continue when to_regclass('kernel.audit_events_' || to_char(first_day, 'YYYYMM')) is not null;
    perform pg_advisory_xact_lock(hashtextextended('kernel.audit_months', 0));
    execute format(
      'create table if not exists kernel.%I partition of kernel.audit_leaves for values from (%L) to (%L)',
      'audit_leaves_' || to_char(first_day, 'YYYYMM'), first_day, (first_day + interval '1 month')::date);
    execute format(
      'create table if not exists kernel.%I partition of kernel.audit_events for values from (%L) to (%L)',
      'audit_events_' || to_char(first_day, 'YYYYMM'),
      first_day::timestamp at time zone 'UTC', (first_day + interval '1 month') at time zone 'UTC');
    perform kernel.guard_audit();
  end loop;
end $$;
comment on function kernel.make_audit_months is 'Makes the partitions of this month and the three to come.';

create function kernel.drop_audit_months(retention_days integer, drop_unexported boolean)
returns table (month date, action text)
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
  -- The running role says how long; less than this nobody means.
  kept_from date := (now() at time zone 'UTC')::date - greatest(retention_days, 90);
  part record;
begin
  -- A name without a month gives null: PostgreSQL may look at the names of other tables first.
  for part in
    select c.relname, to_date(substring(c.relname from '[0-9]{6}$'), 'YYYYMM') as first_day
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'kernel.audit_events'::regclass
      and to_date(substring(c.relname from '[0-9]{6}$'), 'YYYYMM') + interval '1 month' <= kept_from
    order by 2
  loop
    if not drop_unexported
      and not exists (select from kernel.audit_months m where m.month = part.first_day and m.exported_at is not null)
    then
      return query select part.first_day, 'kept';
      continue;
    end if;
    perform pg_advisory_xact_lock(hashtextextended('kernel.audit_months', 0));
    execute format('drop table if exists kernel.%I, kernel.%I', part.relname, replace(part.relname, 'events', 'leaves'));
    insert into kernel.audit_months as m (month, dropped_at) values (part.first_day, now())
      on conflict (month) do update set dropped_at = now();
    insert into kernel.audit_events (id, actor_type, operation, subject, outcome) values
      (gen_random_uuid(), 'system', 'kernel.drop-audit-month', 'audit-month:' || to_char(part.first_day, 'YYYY-MM'), 'ok');
    return query select part.first_day, 'dropped';
  end loop;
end $$;
comment on function kernel.drop_audit_months is 'Drops months past their retention that were exported, and tells which ones wait for that.';

create function kernel.mark_audit_exported(exported date) returns boolean
language plpgsql security definer set search_path = pg_catalog as $$
begin
  if exported + interval '1 month' > now() at time zone 'UTC' then return false; end if;
  insert into kernel.audit_months (month, exported_at) values (exported, now())
    on conflict (month) do update set exported_at = now();
  return true;
end $$;
comment on function kernel.mark_audit_exported is 'Remembers that a month was exported as a whole; one that is not over yet is not.';

select kernel.make_audit_months();
select kernel.guard_audit();

-- +migrate Down
drop function kernel.mark_audit_exported, kernel.drop_audit_months, kernel.make_audit_months, kernel.guard_audit, kernel.audit_digest;
drop table kernel.audit_events, kernel.audit_seals, kernel.audit_leaves, kernel.audit_keys, kernel.audit_months;
drop function kernel.audit_field;
