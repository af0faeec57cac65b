-- +migrate Up
create table kernel.root_secret (
  id integer primary key default 1,
  sealed bytea not null,
  generation integer not null,
  created_at timestamptz(3) not null default now(),
  rotated_at timestamptz(3),
  constraint root_secret_one_row_check check (id = 1)
);
comment on table kernel.root_secret is 'What keys of single purposes are derived from. The master key that seals it is the one that seals everything new.';
comment on column kernel.root_secret.generation is 'Grows with each master key.';

create table platform.secrets (
  id uuid primary key,
  name text not null,
  description text,
  allowed_hosts text[],
  version integer not null default 1,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint secrets_name_key unique (name),
  constraint secrets_version_check check (version >= 1)
);
comment on table platform.secrets is 'Secrets that people and modules name.';
comment on column platform.secrets.allowed_hosts is 'Where it may be sent to; null: anywhere.';
comment on column platform.secrets.version is 'Of the value that holds.';

create table platform.secret_versions (
  id uuid primary key,
  secret_id uuid not null,
  version integer not null,
  sealed bytea not null,
  created_at timestamptz(3) not null default now(),
  constraint secret_versions_secret_id_version_key unique (secret_id, version),
  constraint secret_versions_secret_id_fkey foreign key (secret_id) references platform.secrets (id) on delete cascade
);
comment on table platform.secret_versions is 'The values, sealed with the secret''s id and version as their place; the newest ten of each.';

-- +migrate Down
drop table platform.secret_versions;
drop table platform.secrets;
drop table kernel.root_secret;
