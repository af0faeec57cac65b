-- Unlogged: a crash of PostgreSQL empties it, which forgives every debt; a limit is not worth a write to disk.

-- +migrate Up
create unlogged table kernel.rate_limits (
  key text primary key,
  tat timestamptz not null
) with (fillfactor = 70);

comment on table kernel.rate_limits is 'Rate limits that count over all processes.';
comment on column kernel.rate_limits.key is 'HMAC of the limit and of whom it limits: addresses and names are not readable here.';
comment on column kernel.rate_limits.tat is 'When everything that was allowed is paid off at the average rate; a row in the past means nothing.';

-- +migrate Down
drop table kernel.rate_limits;
