-- What turn_task_results does, in two: partitions are made in time, whatever becomes of those that are too old.
-- turn_task_results stays for the release before, which may still run.

-- +migrate Up
create function kernel.create_task_result_partitions() returns void
language plpgsql security definer set search_path = pg_catalog as $$
declare
  today date := (now() at time zone 'UTC')::date;
  part text;
begin
  for day in 0..7 loop
    part := 'task_results_' || to_char(today + day, 'YYYYMMDD');
    -- Looked up first: making one locks the whole table.
    continue when to_regclass('kernel.' || part) is not null;
    perform pg_advisory_xact_lock(1634954096, 0);
    execute format(
      'create table if not exists kernel.%I partition of kernel.task_results for values from (%L) to (%L)',
      part, (today + day)::timestamp at time zone 'UTC', (today + day + 1)::timestamp at time zone 'UTC');
  end loop;
end $$;
comment on function kernel.create_task_result_partitions is 'Makes the partitions of today and the seven days to come.';

create function kernel.drop_task_result_partitions(retention_days integer) returns void
language plpgsql security definer set search_path = pg_catalog as $$
declare
  today date := (now() at time zone 'UTC')::date;
  part record;
begin
  perform pg_advisory_xact_lock(1634954096, 0);
  for part in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'kernel.task_results'::regclass
      -- A plan may look at every table's name before it knows whose partition it is.
      and case when c.relname ~ '^task_results_[0-9]{8}$' then to_date(right(c.relname, 8), 'YYYYMMDD') end
        < today - greatest(retention_days, 1)
  loop
    execute format('drop table kernel.%I', part.relname);
  end loop;
end $$;
comment on function kernel.drop_task_result_partitions is 'Drops the partitions that are past their retention.';
select kernel.create_task_result_partitions();

-- +migrate Down
drop function kernel.create_task_result_partitions, kernel.drop_task_result_partitions;
