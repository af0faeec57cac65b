-- +migrate Up
create sequence kernel.idempotency_epoch;

create table kernel.idempotency_keys (
  actor_id uuid not null,
  operation text not null,
  key text not null,
  body_hash bytea not null,
  state text not null,
  process_id uuid not null,
  epoch bigint not null,
  answer bytea,
  sealed_answer bytea,
  created_at timestamptz(3) not null default now(),
  constraint idempotency_keys_pkey primary key (actor_id, operation, key),
  constraint idempotency_keys_state_check check (state in ('running', 'done') and (answer is not null or sealed_answer is not null) = (state = 'done'))
) with (fillfactor = 70);
alter sequence kernel.idempotency_epoch owned by kernel.idempotency_keys.epoch;
create index idempotency_keys_created_idx on kernel.idempotency_keys (created_at);

comment on table kernel.idempotency_keys is 'Requests that came with an Idempotency-Key, and what was answered, for 24 hours.';
comment on column kernel.idempotency_keys.operation is 'module.operation-id';
comment on column kernel.idempotency_keys.body_hash is 'HMAC-SHA-256 of path, query and body: the same key with another request is a mistake of the caller.';
comment on column kernel.idempotency_keys.process_id is 'The process that runs it. Once that is gone, the next one that asks may take it over.';
comment on column kernel.idempotency_keys.epoch is 'Another for every reservation, and higher: a transaction commits only while its own still stands here.';
comment on column kernel.idempotency_keys.answer is 'JSON of status, headers and body.';
comment on column kernel.idempotency_keys.sealed_answer is 'The same where it holds a secret: sealed with the master key.';

-- +migrate Down
drop table kernel.idempotency_keys;
