-- The runner has made the schema already: its own table, kernel._migrations, stands in it. So it also survives `down`.

-- +migrate Up
comment on schema kernel is 'What Ashlar itself keeps, for every module.';

-- +migrate Down
comment on schema kernel is null;
