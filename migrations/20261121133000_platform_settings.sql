-- +migrate Up
create table platform.settings (
  key text primary key,
  value jsonb,
  version integer not null,
  updated_at timestamptz(3) not null default now(),
  constraint settings_version_check check (version >= 1)
);
comment on table platform.settings is 'What administrators set in place of the defaults, which stand in the code.';
comment on column platform.settings.value is 'Null: the default holds again. The row stays, so that versions only grow.';

-- +migrate Down
drop table platform.settings;
