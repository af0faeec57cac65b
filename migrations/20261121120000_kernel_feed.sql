-- +migrate Up
comment on table kernel.processes is 'Processes that run. Whoever stands here owns what carries its id; a sweeper removes the dead.';

create table kernel.feed (
  seq bigint generated always as identity primary key,
  xid bigint not null default kernel.current_xid(),
  topic text not null,
  data json not null,
  created_at timestamptz(3) not null default now()
);
create index feed_xid_idx on kernel.feed (xid);
create index feed_created_idx on kernel.feed (created_at);
comment on table kernel.feed is 'Notices for every running process: invalidations, revocations, changed settings. Kept for two hours; a backup needs none.';
comment on column kernel.feed.xid is 'The transaction that wrote it. By seq alone a reader would skip what was committed late.';

-- +migrate Down
drop table kernel.feed;
comment on table kernel.processes is 'Processes that run tasks. Whoever stands here owns what it claimed; a sweeper removes the dead.';
