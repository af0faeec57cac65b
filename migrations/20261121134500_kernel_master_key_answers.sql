-- Unlogged: an answer is worth nothing once whoever asked is gone.

-- +migrate Up
create unlogged table kernel.master_key_answers (
  question uuid not null,
  process_id uuid not null,
  knows boolean not null,
  seals boolean not null,
  answered_at timestamptz(3) not null default now(),
  constraint master_key_answers_pkey primary key (question, process_id)
);
comment on table kernel.master_key_answers is 'What running processes answer to whoever replaces the master key.';
comment on column kernel.master_key_answers.knows is 'The process has the key that it was asked for.';
comment on column kernel.master_key_answers.seals is 'The process seals with it.';

-- +migrate Down
drop table kernel.master_key_answers;
