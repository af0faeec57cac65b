-- +migrate Up
create table kernel.schedules (
  id text primary key,
  cron text not null,
  time_zone text not null,
  cursor_at timestamptz(3) not null default now(),
  next_at timestamptz(3),
  paused_at timestamptz(3)
);
comment on table kernel.schedules is 'How far the schedules of the program were followed. The heads of tasks say what they are.';
comment on column kernel.schedules.id is 'The task that it enqueues.';
comment on column kernel.schedules.cursor_at is 'Every slot up to here was decided: it fired, or will not.';
comment on column kernel.schedules.next_at is 'The first slot behind the cursor, for whoever reads; null while paused, or if there is none.';

create table kernel.schedule_fires (
  id uuid primary key,
  schedule_id text not null references kernel.schedules on delete cascade,
  slot timestamptz(3),
  task_id uuid,
  fired_at timestamptz(3) not null default now(),
  constraint schedule_fires_slot_key unique (schedule_id, slot)
);
create index schedule_fires_fired_idx on kernel.schedule_fires (schedule_id, fired_at);
comment on table kernel.schedule_fires is 'What came of each slot. Written in the transaction that enqueues.';
comment on column kernel.schedule_fires.slot is 'Null: triggered by hand.';
comment on column kernel.schedule_fires.task_id is 'Null: left out, since a task of an earlier slot was not finished.';

-- +migrate Down
drop table kernel.schedule_fires, kernel.schedules;
