-- +migrate Up
-- Rows that are read in the order of their transactions (events, notices, the audit trail) store the transaction's
-- number, and are compared with the oldest one that still runs. A restored cluster counts from the beginning again: the
-- offset keeps its numbers above all that were restored. It stands here and nowhere else. A constant in a function
-- costs nothing, where a table would be read for every event.
create function kernel.xid_offset() returns bigint
language sql stable parallel safe as 'select 0::bigint';
comment on function kernel.xid_offset is 'Added to every transaction number that is stored or compared.';

create function kernel.current_xid() returns bigint
language sql stable as 'select pg_current_xact_id()::text::bigint + kernel.xid_offset()';
comment on function kernel.current_xid is 'Number of this transaction, which is given one if it has none.';

create function kernel.oldest_xid() returns bigint
language sql stable as 'select pg_snapshot_xmin(pg_current_snapshot())::text::bigint + kernel.xid_offset()';
comment on function kernel.oldest_xid is 'Every transaction with a lower number has ended, and is visible if it was committed.';

create function kernel.next_xid() returns bigint
language plpgsql volatile as $$
begin
  -- Of a volatile function each expression sees the moment. A snapshot ends behind the last transaction that has ended:
  -- those above it run, and there are no more of them than connections.
  return pg_snapshot_xmax(pg_current_snapshot())::text::bigint + kernel.xid_offset()
    + current_setting('max_connections')::integer + current_setting('max_prepared_transactions')::integer;
end $$;
comment on function kernel.next_xid is 'Above the number of every transaction that has one at the moment of the call (savepoints aside).';

create function kernel.set_xid_offset(value bigint) returns void
language plpgsql as $body$
begin
  execute format(
    'create or replace function kernel.xid_offset() returns bigint language sql stable parallel safe as %L',
    format('select %s::bigint', value));
end $body$;
revoke execute on function kernel.set_xid_offset from public;
comment on function kernel.set_xid_offset is 'For restores, before anything runs: at least the highest number that was restored.';

-- +migrate Down
drop function kernel.set_xid_offset, kernel.next_xid, kernel.oldest_xid, kernel.current_xid, kernel.xid_offset;
