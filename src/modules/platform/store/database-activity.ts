import { sql } from 'drizzle-orm';

import type { Db } from '#kernel/database/database.ts';

export type DatabaseActivity = {
  readonly connections: number;
  /** Null while no transaction is open. An old one keeps PostgreSQL from cleaning up. */
  readonly oldestTransactionSeconds: number | null;
};

export const findDatabaseActivity = async (db: Db): Promise<DatabaseActivity> => {
  const [row] = await db.execute<DatabaseActivity>(sql`
    select count(*)::int as "connections",
           extract(epoch from now() - min(xact_start) filter (where pid <> pg_backend_pid()))::float8
             as "oldestTransactionSeconds"
      from pg_stat_activity
     where datname = current_database()`);
  return row ?? { connections: 0, oldestTransactionSeconds: null };
};
