import { type SQL, sql } from 'drizzle-orm';

import type { Db } from './database.ts';

/** What a doctor asks of a database: nothing of it needs our tables. */
export type DatabaseFacts = {
  /** 180004 */
  readonly version: number;
  readonly encoding: string;
  /** `b` builtin, `c` the operating system's, `i` ICU */
  readonly localeProvider: string;
  readonly locale: string;
  /** For roles that are no superuser. */
  readonly maxConnections: number;
  /** Of all databases of the server. */
  readonly connections: number;
  readonly isSuperuser: boolean;
  /** Of the database that we are in. */
  readonly isOwner: boolean;
  /** What the slowest replication slot keeps from being removed. */
  readonly walKeptBytes: number;
  /** The newest attempt to archive write-ahead log has failed. */
  readonly isArchiveFailing: boolean;
  /** Null: no transaction is open. */
  readonly oldestTransactionSeconds: number | null;
};

export const findDatabaseFacts = async (db: Db): Promise<DatabaseFacts> => {
  const [facts] = await db.execute<DatabaseFacts>(sql`
    select current_setting('server_version_num')::int as version,
           pg_encoding_to_char(encoding) as encoding,
           datlocprovider as "localeProvider",
           coalesce(to_jsonb(base) ->> 'datlocale', to_jsonb(base) ->> 'daticulocale', datcollate) as locale,
           current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
             - coalesce(current_setting('reserved_connections', true)::int, 0) as "maxConnections",
           (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as connections,
           rolsuper as "isSuperuser",
           datdba = me.oid as "isOwner",
           case when pg_is_in_recovery() then 0 else coalesce((
             select max(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)) from pg_replication_slots), 0) end::float8
             as "walKeptBytes",
           coalesce((
             select last_failed_time > coalesce(last_archived_time, '-infinity') from pg_stat_archiver), false)
             as "isArchiveFailing",
           (select extract(epoch from now() - min(xact_start))::float8 from pg_stat_activity
             where backend_type = 'client backend' and pid <> pg_backend_pid()) as "oldestTransactionSeconds"
      from pg_database base, pg_roles me
     where datname = current_database() and rolname = current_user`);
  if (facts === undefined) throw new Error('the database does not know itself');
  return facts;
};

/** Of a table that an older release may not have made yet: null then. */
const countIn = async (db: Db, table: string, where: SQL = sql`true`): Promise<number | null> => {
  const [{ isThere } = { isThere: false }] = await db.execute<{ isThere: boolean }>(
    sql`select to_regclass(${table}) is not null as "isThere"`,
  );
  if (!isThere) return null;
  const [row] = await db.execute<{ count: number }>(
    sql`select count(*)::int as count from ${sql.raw(table)} where ${where}`,
  );
  return row?.count ?? 0;
};

export const countDeadTasks = (db: Db): Promise<number | null> => countIn(db, 'kernel.task_dead');
export const countDeadEvents = (db: Db): Promise<number | null> => countIn(db, 'kernel.event_dead');
export const countProcesses = (db: Db): Promise<number | null> => countIn(db, 'kernel.processes');
export const countRootSecrets = (db: Db): Promise<number | null> => countIn(db, 'kernel.root_secret');
