import { sql } from 'drizzle-orm';

import type { Db } from '#kernel/database/database.ts';

export type DatabaseActivity = {
  readonly connections: number;
  /** Null while no transaction is open. An old one keeps PostgreSQL from cleaning up. */
  readonly oldestTransactionSeconds: number | null;
  /**
   * What keeps PostgreSQL from cleaning up, and events from being read: whoever still sees the oldest row versions, in
   * any database of the server. Null: nobody.
   */
  readonly oldestXmin: OldestXmin | null;
};

export type OldestXmin = {
  /** So many transactions began since. */
  readonly transactions: number;
  /** `session 4711 of database ashlar`, `prepared transaction x`, `replication slot y`. */
  readonly holder: string;
};

export const findDatabaseActivity = async (db: Db): Promise<DatabaseActivity> => {
  const [row] = await db.execute<DatabaseActivity>(sql`
    with held as (
      select age(backend_xmin) as transactions, format('session %s of database %s', pid, datname) as holder
        from pg_stat_activity where backend_xmin is not null and pid <> pg_backend_pid()
      union all
      select age(transaction), format('prepared transaction %s of database %s', gid, database) from pg_prepared_xacts
      union all
      select greatest(age(xmin), age(catalog_xmin)), format('replication slot %s', slot_name)
        from pg_replication_slots where xmin is not null or catalog_xmin is not null
    )
    select count(*)::int as "connections",
           extract(epoch from now() - min(xact_start) filter (where pid <> pg_backend_pid()))::float8
             as "oldestTransactionSeconds",
           (select json_build_object('transactions', transactions, 'holder', holder)
              from held order by transactions desc, holder limit 1) as "oldestXmin"
      from pg_stat_activity
     where datname = current_database()`);
  return row ?? { connections: 0, oldestTransactionSeconds: null, oldestXmin: null };
};
