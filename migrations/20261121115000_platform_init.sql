-- +migrate Up
create schema platform;
comment on schema platform is 'What administrators run Ashlar with: errors, alerts, statistics, mails, settings, secrets.';

-- +migrate Down
drop schema platform;
