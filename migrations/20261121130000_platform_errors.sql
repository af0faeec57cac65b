-- +migrate Up
create table platform.error_groups (
  id uuid primary key,
  fingerprint text not null,
  operation text,
  code text not null,
  message text not null,
  frames text[] not null,
  state text not null default 'open',
  count bigint not null,
  first_seen_at timestamptz(3) not null,
  last_seen_at timestamptz(3) not null,
  last_trace_id text not null,
  first_release text not null,
  last_release text not null,
  resolved_at timestamptz(3),
  regressed_at timestamptz(3),
  notified_at timestamptz(3),
  notified_count bigint not null default 0,
  constraint error_groups_fingerprint_key unique (fingerprint),
  constraint error_groups_state_check check (state in ('open', 'resolved', 'ignored', 'regressed')),
  constraint error_groups_resolution_check check (state <> 'resolved' or resolved_at is not null)
);
create index error_groups_last_seen_idx on platform.error_groups (last_seen_at, id);
create index error_groups_notified_idx on platform.error_groups (notified_at);
comment on table platform.error_groups is 'Errors of ours, each kind once. The same operation, code and place in our code are the same error.';
comment on column platform.error_groups.state is 'resolved and seen again is regressed; ignored is counted, and nobody is told.';
comment on column platform.error_groups.notified_count is 'The count of which somebody was told last.';

create table platform.error_samples (
  id uuid primary key,
  group_id uuid not null,
  occurred_at timestamptz(3) not null,
  trace_id text not null,
  actor_id uuid,
  release text not null,
  message text not null,
  stack text not null,
  input_shape jsonb,
  log_lines text[] not null,
  constraint error_samples_group_id_fkey foreign key (group_id) references platform.error_groups (id) on delete cascade
);
create index error_samples_group_idx on platform.error_samples (group_id, id);
comment on table platform.error_samples is 'The newest 100 occurrences of each error.';
comment on column platform.error_samples.input_shape is 'Types and sizes, no values.';

-- +migrate Down
drop table platform.error_samples, platform.error_groups;
