-- +migrate Up
create table platform.alerts (
  id uuid primary key,
  key text not null,
  signal text not null,
  level text not null,
  state text not null default 'active',
  value double precision not null,
  subject text not null,
  raised_at timestamptz(3) not null,
  changed_at timestamptz(3) not null,
  acknowledged_at timestamptz(3),
  acknowledged_by uuid,
  resolved_at timestamptz(3),
  notified_at timestamptz(3),
  constraint alerts_level_check check (level in ('warning', 'critical')),
  constraint alerts_state_check check (state in ('active', 'acknowledged', 'resolved')),
  constraint alerts_resolution_check check ((state = 'resolved') = (resolved_at is not null))
);
create unique index alerts_open_key on platform.alerts (key) where state <> 'resolved';
create index alerts_notified_idx on platform.alerts (notified_at);
create index alerts_resolved_idx on platform.alerts (resolved_at);
comment on table platform.alerts is 'What is, or was, not as it should be.';
comment on column platform.alerts.key is 'What it is about: at most one alert for it is not resolved.';
comment on column platform.alerts.changed_at is 'When its level changed last.';

create table platform.signal_readings (
  signal text primary key,
  level text,
  value double precision not null,
  read_at timestamptz(3) not null default now(),
  constraint signal_readings_level_check check (level in ('warning', 'critical'))
);
comment on table platform.signal_readings is 'What the evaluator read last: it takes two readings in a row to raise an alert, or to resolve it.';

create table platform.evaluations (
  id integer primary key default 1,
  evaluated_at timestamptz(3) not null default now(),
  constraint evaluations_one_row_check check (id = 1)
);
comment on table platform.evaluations is 'One row: when the thresholds were evaluated last, so that one process does it for all.';

create table platform.process_samples (
  process_id uuid not null,
  sampled_at timestamptz(3) not null default now(),
  role text not null,
  host text not null,
  pid integer not null,
  cpu_percent double precision not null,
  event_loop_p99_ms double precision not null,
  resident_bytes bigint not null,
  memory_percent double precision not null,
  disk_percent double precision,
  constraint process_samples_process_id_sampled_at_key unique (process_id, sampled_at)
);
create index process_samples_sampled_at_idx on platform.process_samples (sampled_at);
comment on table platform.process_samples is 'How each process did in the last half minute; kept for an hour.';
comment on column platform.process_samples.cpu_percent is 'Of one core.';
comment on column platform.process_samples.memory_percent is 'Of the machine, or of what the container may use.';
comment on column platform.process_samples.disk_percent is 'Of the file system of the data directory; null: there is none.';

-- +migrate Down
drop table platform.alerts, platform.signal_readings, platform.evaluations, platform.process_samples;
