import type { Sql } from 'postgres';

import type { Migration } from './migration.ts';

/**
 * What was applied stands in `kernel._migrations`, not in `public`: since PostgreSQL 15 only the database's owner may
 * create there, and everything that Ashlar keeps is found in schemas of its own.
 */
export type AppliedMigration = {
  readonly name: string;
  readonly checksum: string;
  readonly isBreaking: boolean;
  readonly appliedAt: Date;
  /** The PostgreSQL role, and the host and process that applied it. */
  readonly appliedBy: string;
  readonly durationMs: number;
};

type Row = {
  readonly name: string;
  readonly checksum: string;
  readonly breaks: boolean;
  readonly applied_at: string;
  readonly applied_by: string;
  readonly duration_ms: number;
};

/** What is there before any migration: null instead of rows while nothing was ever migrated. */
export type Ledger = {
  readonly applied: readonly AppliedMigration[] | null;
  /** False: the role that runs the program cannot read the ledger yet. */
  readonly isGranted: boolean;
};

/** In two statements, so that a start with nothing to do is fast. */
export const readLedger = async (sql: Sql, appRole: string | undefined): Promise<Ledger> => {
  const [found] = await sql<{ exists: boolean; granted: boolean }[]>`
    select to_regclass('kernel._migrations') is not null as exists,
      ${appRole ?? null}::text is null or coalesce(
        (select has_table_privilege(rolname, to_regclass('kernel._migrations'), 'select')
           from pg_roles where rolname = ${appRole ?? null}), false) as granted`;
  if (found?.exists !== true) return { applied: null, isGranted: false };
  return { applied: await listApplied(sql), isGranted: found.granted };
};

export const listApplied = async (sql: Sql): Promise<readonly AppliedMigration[]> => {
  const rows = await sql<Row[]>`
    select name, checksum, breaks, applied_at, applied_by, duration_ms from kernel._migrations order by name collate "C"`;
  return rows.map((row) => ({
    name: row.name,
    checksum: row.checksum,
    isBreaking: row.breaks,
    appliedAt: new Date(row.applied_at),
    appliedBy: row.applied_by,
    durationMs: row.duration_ms,
  }));
};

export const createLedger = (sql: Sql): Promise<unknown> =>
  sql.unsafe(`
    create schema if not exists kernel;
    create table if not exists kernel._migrations (
      name text primary key,
      checksum text not null,
      breaks boolean not null,
      applied_at timestamptz(3) not null default clock_timestamp(),
      applied_by text not null,
      duration_ms integer not null
    );
    comment on table kernel._migrations is 'The migrations that were applied; written by the migration runner alone.'`);

export const insertApplied = (
  sql: Sql,
  { name, checksum, isBreaking }: Migration,
  startedAt: number,
): Promise<unknown> =>
  sql`
    insert into kernel._migrations (name, checksum, breaks, applied_by, duration_ms)
    values (${name}, ${checksum}, ${isBreaking},
      (select current_user || coalesce(' from ' || host(client_addr), '') from pg_stat_activity where pid = pg_backend_pid()),
      ${Math.round(performance.now() - startedAt)})`;

export const deleteApplied = (sql: Sql, name: string): Promise<unknown> =>
  sql`delete from kernel._migrations where name = ${name}`;
