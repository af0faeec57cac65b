import { sql } from 'drizzle-orm';

import type { Db, Tx } from '#kernel/database/database.ts';
import { prepared } from '#kernel/database/prepared.ts';
import type { AlertLevel } from '../domain/thresholds.ts';
import { evaluations, processSamples, signalReadings } from '../schema.ts';

type NewProcessSample = Omit<Required<typeof processSamples.$inferInsert>, 'sampledAt'>;

export const insertProcessSample = async (db: Db, sample: NewProcessSample): Promise<void> => {
  await db.insert(processSamples).values(sample);
};

export type LatestSample = {
  readonly role: string;
  readonly host: string;
  readonly pid: number;
  readonly cpuPercent: number;
  readonly memoryPercent: number;
  readonly diskPercent: number | null;
};

/** The last one of each process that wrote one in the last 75 seconds: two, had it written both. */
export const listLatestSamples = prepared(
  'platform.list-latest-process-samples',
  () => sql<LatestSample>`
    select distinct on (process_id) role, host, pid, cpu_percent as "cpuPercent", memory_percent as "memoryPercent",
      disk_percent as "diskPercent"
    from platform.process_samples where sampled_at > now() - interval '75 seconds'
    order by process_id, sampled_at desc`,
);

/** Those that are an hour old. */
export const deleteOldSamples = prepared(
  'platform.delete-old-process-samples',
  () => sql`delete from platform.process_samples where sampled_at < now() - interval '1 hour'`,
);

/** True for one of all that ask within 25 seconds: that one evaluates. By the clock of PostgreSQL. */
export const claimEvaluation = async (db: Db): Promise<boolean> => {
  const claimed = await db
    .insert(evaluations)
    .values({ evaluatedAt: sql`clock_timestamp()` })
    .onConflictDoUpdate({
      target: evaluations.id,
      set: { evaluatedAt: sql`excluded.evaluated_at` },
      setWhere: sql`${evaluations.evaluatedAt} <= excluded.evaluated_at - interval '25 seconds'`,
    })
    .returning({ id: evaluations.id });
  return claimed.length > 0;
};

export type StoredReading = { readonly signal: string; readonly level: AlertLevel | null };

/** Nobody else reads them until the transaction ends. */
export const lockReadings = (tx: Tx): Promise<readonly StoredReading[]> =>
  tx
    .select({ signal: signalReadings.signal, level: signalReadings.level })
    .from(signalReadings)
    .orderBy(signalReadings.signal)
    .for('update');

export type NewReading = StoredReading & { readonly value: number };

export const upsertReadings = async (tx: Tx, readings: readonly NewReading[]): Promise<void> => {
  await tx
    .insert(signalReadings)
    .values([...readings])
    .onConflictDoUpdate({
      target: signalReadings.signal,
      set: { level: sql`excluded.level`, value: sql`excluded.value`, readAt: sql`now()` },
    });
};

export type Connections = { readonly used: number; readonly allowed: number };

/** Of clients, in all databases; walsenders have a limit of their own. */
export const countConnections = prepared(
  'platform.count-connections',
  () => sql<Connections>`
    select count(*)::int as used,
      current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as allowed
    from pg_stat_activity where datid is not null`,
);

export type OpenWrite = {
  /** Null: a prepared transaction. */
  readonly pid: number | null;
  readonly database: string | null;
  readonly role: string | null;
  /** These only if PostgreSQL lets our role see them (pg_read_all_stats), or it is our own. */
  readonly application: string | null;
  readonly state: string | null;
  readonly openSeconds: number | null;
};

/**
 * The oldest transaction that has written and is still open, in whichever database: nothing behind it is handed to
 * subscribers or sealed. Every role may see the lock that a writing transaction holds on its own number.
 */
export const findOldestOpenWrite = prepared(
  'platform.find-oldest-open-write',
  () => sql<OpenWrite>`
    select l.pid, coalesce(a.datname::text, p.database::text) as database,
      coalesce(a.usename::text, p.owner::text) as role,
      coalesce(nullif(a.application_name, ''), p.gid) as application, a.state,
      extract(epoch from clock_timestamp() - coalesce(a.xact_start, p.prepared))::float8 as "openSeconds"
    from pg_locks l
    left join pg_stat_activity a on a.pid = l.pid
    left join pg_prepared_xacts p on p.transaction = l.transactionid
    where l.locktype = 'transactionid' and l.mode = 'ExclusiveLock' and l.granted
      and l.pid is distinct from pg_backend_pid()
    order by age(l.transactionid) desc limit 1`,
);
