-- Unlogged, both: a crash of PostgreSQL empties them, and everything in them can be made again.

-- +migrate Up
create unlogged table kernel.cache_entries (
  namespace text not null,
  key text not null,
  value text not null,
  tags text[] not null,
  oldest_xid bigint not null,
  loaded_at timestamptz(3) not null,
  fresh_until timestamptz(3) not null,
  expires_at timestamptz(3) not null,
  primary key (namespace, key)
);
create index cache_entries_expires_idx on kernel.cache_entries (expires_at);
comment on table kernel.cache_entries is 'Dear results that processes share. An invalidated one stays until it expires or is replaced: readers refuse it.';
comment on column kernel.cache_entries.oldest_xid is 'The oldest transaction that ran before it was loaded: it holds nothing of that one and of later ones for sure.';
comment on column kernel.cache_entries.fresh_until is 'Afterwards it is only served if it cannot be loaded in time.';

create unlogged table kernel.cache_counters (
  process_id uuid not null,
  namespace text not null,
  counters jsonb not null,
  counted_at timestamptz(3) not null default now(),
  primary key (process_id, namespace)
);
comment on table kernel.cache_counters is 'What each process says of its caches, every few seconds if anything changed.';

-- +migrate Down
drop table kernel.cache_entries, kernel.cache_counters;
