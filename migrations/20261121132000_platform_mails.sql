-- +migrate Up
create table platform.mails (
  id uuid primary key,
  unique_key text not null constraint mails_unique_key_key unique,
  template text not null,
  locale text not null,
  recipient text not null,
  is_sensitive boolean not null,
  subject text,
  text_body text,
  html_body text,
  sealed bytea,
  state text not null default 'queued',
  delivery integer not null default 1,
  error text,
  created_at timestamptz(3) not null default now(),
  finished_at timestamptz(3),
  constraint mails_state_check check (state in ('queued', 'sent', 'captured', 'failed')),
  constraint mails_content_check check (
    case when is_sensitive then num_nonnulls(subject, text_body, html_body) = 0
    else sealed is null and num_nonnulls(subject, text_body, html_body) = 3 end
  )
);
comment on table platform.mails is 'What was written to people. One row for each unique key that a sender gives.';
comment on column platform.mails.sealed is 'Subject and bodies of a sensitive mail, encrypted; null once it was sent.';
comment on column platform.mails.delivery is 'Raised each time that it is sent again: an earlier order to deliver it is void then.';
comment on column platform.mails.error is 'Why the last attempt did not succeed.';

-- +migrate Down
drop table platform.mails;
