-- +migrate Up
create schema auth;

create table auth.actors (
  id uuid primary key,
  type text not null,
  login text not null,
  display_name text not null,
  email text,
  email_verified_at timestamptz(3),
  status text not null default 'active',
  is_superuser boolean not null default false,
  password_hash text,
  locale text,
  timezone text,
  epoch integer not null default 0,
  version integer not null default 1,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint actors_type_check check (type in ('user', 'admin', 'service_acc')),
  constraint actors_status_check check (status in ('active', 'disabled')),
  constraint actors_superuser_is_admin_check check (not is_superuser or type = 'admin'),
  constraint actors_login_normalised_check check (login = lower(login) and login <> ''),
  constraint actors_type_login_key unique (type, login),
  -- What has one type of actor only will refer to both.
  constraint actors_id_type_key unique (id, type)
);
comment on column auth.actors.login is 'A user''s e-mail address, an admin''s username, a service account''s name.';
comment on column auth.actors.password_hash is 'argon2id in PHC form; null: no password signs in.';
comment on column auth.actors.epoch is 'Raised to refuse every access token that was issued before.';

create table auth.sessions (
  id uuid primary key,
  actor_id uuid not null,
  counter integer not null default 0,
  rotated_at timestamptz(3) not null,
  grace_uses integer not null default 0,
  method text not null,
  amr text[] not null,
  user_agent text,
  address text,
  authenticated_at timestamptz(3) not null,
  idle_expires_at timestamptz(3) not null,
  expires_at timestamptz(3) not null,
  ended_at timestamptz(3),
  end_reason text,
  created_at timestamptz(3) not null default now(),
  constraint sessions_actor_id_fkey foreign key (actor_id) references auth.actors (id) on delete cascade,
  constraint sessions_method_check check (method in ('password')),
  constraint sessions_counter_check check (counter >= 0),
  -- So whoever looks at idle_expires_at has looked at both.
  constraint sessions_expiry_check check (idle_expires_at <= expires_at),
  constraint sessions_end_check check ((ended_at is null) = (end_reason is null)),
  constraint sessions_end_reason_check check (
    end_reason in ('logout', 'ended_by_owner', 'refresh_reused', 'too_many_sessions', 'password_reset')
  )
);
create index sessions_actor_id_idx on auth.sessions (actor_id, rotated_at) where ended_at is null;
create index sessions_expires_at_idx on auth.sessions (expires_at);
comment on column auth.sessions.counter is 'Number of the refresh token that is current.';
comment on column auth.sessions.rotated_at is 'When the current refresh token was issued: the last use.';
comment on column auth.sessions.grace_uses is 'How often the refresh token before the current one was taken for it.';

create table auth.signing_keys (
  kid text primary key,
  alg text not null,
  public_jwk jsonb not null,
  private_sealed bytea not null,
  state text not null,
  created_at timestamptz(3) not null,
  activated_at timestamptz(3),
  constraint signing_keys_alg_check check (alg in ('Ed25519')),
  constraint signing_keys_state_check check (state in ('next', 'active', 'retiring')),
  constraint signing_keys_activation_check check ((state = 'next') = (activated_at is null))
);
create unique index signing_keys_active_key on auth.signing_keys (state) where state = 'active';
create unique index signing_keys_next_key on auth.signing_keys (state) where state = 'next';

create table auth.root_secret (
  id integer primary key default 1,
  sealed bytea not null,
  created_at timestamptz(3) not null default now(),
  constraint root_secret_one_row_check check (id = 1)
);
comment on table auth.root_secret is 'What every token is derived from, sealed by the master key: losing it ends every session.';

-- +migrate Down
drop schema auth cascade;
