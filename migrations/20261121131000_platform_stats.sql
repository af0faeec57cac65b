-- +migrate Up
create table platform.stat_minutes (
  minute timestamptz(0) not null,
  source uuid not null,
  requests bigint not null,
  errors bigint not null,
  latency_ms double precision not null,
  latency jsonb not null,
  cache_hits bigint not null,
  cache_misses bigint not null,
  tasks_done bigint not null,
  constraint stat_minutes_minute_source_key unique (minute, source)
);
comment on table platform.stat_minutes is 'What a process counted in a minute; kept for 8 days.';
comment on column platform.stat_minutes.source is 'A process. It writes its minute again until it is over: the same row.';
comment on column platform.stat_minutes.latency_ms is 'Sum over the requests.';
comment on column platform.stat_minutes.latency is 'Histogram: how many requests took at most so many milliseconds, and more than the next smaller bound.';

create table platform.daily_active (
  day date not null,
  actor_id uuid not null,
  constraint daily_active_day_actor_id_key unique (day, actor_id)
);
comment on table platform.daily_active is 'People who acted on a day (UTC); kept for 8 days.';

create table platform.daily_stats (
  day date primary key,
  total_requests bigint not null,
  error_rate double precision,
  average_latency_ms double precision,
  p95_ms double precision,
  p99_ms double precision,
  active_users integer not null,
  cache_hit_rate double precision,
  tasks_done bigint not null,
  rolled_up_at timestamptz(3) not null
);
comment on table platform.daily_stats is 'What became of stat_minutes and daily_active, for ever. Days are of UTC.';

-- +migrate Down
drop table platform.stat_minutes, platform.daily_active, platform.daily_stats;
