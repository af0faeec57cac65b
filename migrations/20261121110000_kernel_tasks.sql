-- +migrate Up
create table kernel.processes (
  id uuid primary key,
  lock_key integer not null generated always as identity (minvalue 1 maxvalue 2147483647 cycle),
  is_locked boolean not null,
  role text not null,
  host text not null,
  pid integer not null,
  release text not null,
  queues text[] not null,
  pools jsonb not null default '[]',
  started_at timestamptz(3) not null default now(),
  seen_at timestamptz(3) not null default now()
) with (fillfactor = 50);
comment on table kernel.processes is 'Processes that run tasks. Whoever stands here owns what it claimed; a sweeper removes the dead.';
comment on column kernel.processes.lock_key is 'The session advisory lock (1634954096, lock_key) is held while the process lives.';
comment on column kernel.processes.is_locked is 'False behind a transaction pooler, where only seen_at tells.';
comment on column kernel.processes.pools is 'Of each pool its name, queues, slots, and how many tasks run.';

create table kernel.queues (
  name text primary key,
  paused_at timestamptz(3)
);
comment on table kernel.queues is 'What an administrator decided about a queue; a queue without a row is not paused.';

create sequence kernel.task_seq;

create table kernel.tasks (
  id uuid primary key,
  queue text not null,
  name text not null,
  priority smallint not null,
  run_at timestamptz(3) not null,
  attempt integer not null default 0,
  owner uuid,
  epoch integer not null default 0,
  group_key text,
  seq bigint not null default nextval('kernel.task_seq'),
  unique_key text,
  payload json not null,
  next_payload json,
  traceparent text,
  errors jsonb,
  created_at timestamptz(3) not null default now(),
  constraint tasks_priority_check check (priority between 0 and 9)
) with (
  fillfactor = 70,
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,
  autovacuum_analyze_scale_factor = 0.1
);
alter sequence kernel.task_seq owned by kernel.tasks.seq;
create index tasks_ready_idx on kernel.tasks (queue, priority, run_at, id) where owner is null and group_key is null;
create index tasks_group_idx on kernel.tasks (queue, group_key, seq) where group_key is not null;
create index tasks_owner_idx on kernel.tasks (owner) where owner is not null;
create unique index tasks_unique_key on kernel.tasks (queue, unique_key) where unique_key is not null;
comment on table kernel.tasks is 'Tasks that are not finished. A finished one is deleted.';
comment on column kernel.tasks.owner is 'The process that runs it; null: nobody.';
comment on column kernel.tasks.epoch is 'Raised by every claim: what an earlier claim still writes changes nothing.';
comment on column kernel.tasks.attempt is 'How often it was started.';
comment on column kernel.tasks.seq is 'Order in its group: that of the commits.';
comment on column kernel.tasks.run_at is 'Not before. Infinity: dead, and holding its group.';
comment on column kernel.tasks.next_payload is 'Asked for again while it ran: it runs once more, with this.';

create table kernel.task_results (
  task_id uuid not null,
  queue text not null,
  name text not null,
  group_key text,
  attempt integer not null,
  result json,
  created_at timestamptz(3) not null,
  started_at timestamptz(3) not null,
  finished_at timestamptz(3) not null
) partition by range (finished_at);
create index task_results_task_idx on kernel.task_results (task_id);
create index task_results_queue_idx on kernel.task_results (queue, finished_at);

create table kernel.task_dead (
  task_id uuid primary key,
  queue text not null,
  name text not null,
  priority smallint not null,
  group_key text,
  unique_key text,
  payload json not null,
  traceparent text,
  reason text not null,
  attempt integer not null,
  errors jsonb not null,
  created_at timestamptz(3) not null,
  finished_at timestamptz(3) not null default now(),
  constraint task_dead_reason_check check (
    reason in ('attempts_exhausted', 'not_retriable', 'timed_out', 'payload_invalid', 'unknown_task')
  )
);
create index task_dead_queue_idx on kernel.task_dead (queue, finished_at);
create index task_dead_finished_idx on kernel.task_dead (finished_at, task_id);

create unlogged table kernel.task_progress (
  task_id uuid primary key,
  percent smallint not null,
  note text,
  updated_at timestamptz(3) not null default now()
);

-- The role that runs the program may not make or drop tables; it may ask for exactly this.
create function kernel.turn_task_results(retention_days integer) returns void
language plpgsql security definer set search_path = pg_catalog as $$
declare
  today date := (now() at time zone 'UTC')::date;
  part record;
begin
  perform pg_advisory_xact_lock(1634954096, 0);
  for day in 0..3 loop
    execute format(
      'create table if not exists kernel.%I partition of kernel.task_results for values from (%L) to (%L)',
      'task_results_' || to_char(today + day, 'YYYYMMDD'),
      (today + day)::timestamp at time zone 'UTC', (today + day + 1)::timestamp at time zone 'UTC');
  end loop;
  for part in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'kernel.task_results'::regclass
      and to_date(right(c.relname, 8), 'YYYYMMDD') < today - greatest(retention_days, 1)
  loop
    execute format('drop table kernel.%I', part.relname);
  end loop;
end $$;
comment on function kernel.turn_task_results is 'Makes the partitions of the days to come and drops those past their retention.';
select kernel.turn_task_results(7);

-- +migrate Down
drop table kernel.tasks, kernel.task_results, kernel.task_dead, kernel.task_progress, kernel.queues, kernel.processes;
drop function kernel.turn_task_results;
