import { type SQL, sql } from 'drizzle-orm';

import type { Db } from './database.ts';
import { feedColumns, type FeedPosition, type NoticeRow } from './feed.ts';
import { prepared, type PreparedQuery, type Slots } from './prepared.ts';

/** First half of every lock of ours that is made of two numbers: "ashp" in ASCII. */
export const lockClass = sql.raw('1634954096');
export const sweeperKey = sql.raw('0');

export type ProcessRow = {
  readonly id: string;
  readonly isLocked: boolean;
  readonly role: string;
  readonly host: string;
  readonly pid: number;
  readonly release: string;
  readonly queues: readonly string[];
};

/** Row and lock at once: nobody sees the row without its lock. `isSafe` is false while our former session lingers. */
export const registerProcess = prepared(
  'kernel.register-process',
  (_db, value: Slots<ProcessRow>) => sql<{ readonly isSafe: boolean }>`
    with me as (
      insert into kernel.processes (id, is_locked, role, host, pid, release, queues)
      values (${value.id}, ${value.isLocked}, ${value.role}, ${value.host}, ${value.pid}, ${value.release},
        ${value.queues}::text[])
      on conflict (id) do update set seen_at = now()
      returning lock_key, is_locked
    )
    select case when is_locked then pg_try_advisory_lock(${lockClass}, lock_key) else true end as "isSafe" from me`,
);

const isoText = (time: SQL) => sql`to_char(${time} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

export type LivingProcess = Pick<ProcessRow, 'id' | 'role' | 'host' | 'pid' | 'release'> & {
  /** ISO 8601, both. */
  readonly startedAt: string;
  readonly seenAt: string;
};

/** All running processes, the oldest first. */
export const listProcesses = prepared(
  'kernel.list-processes',
  () => sql<LivingProcess>`
    select id, role, host, pid, release, ${isoText(sql`started_at`)} as "startedAt", ${isoText(sql`seen_at`)} as "seenAt"
      from kernel.processes order by started_at, id`,
);

export const unregisterProcess = prepared(
  'kernel.unregister-process',
  (_db, value: Slots<{ readonly id: string }>) => sql`delete from kernel.processes where id = ${value.id}::uuid`,
);

export const listenTo = async (db: Db, channel: string): Promise<void> => {
  await db.execute(sql`listen ${sql.identifier(channel)}`);
};

/** A cheap scalar subquery; null and JSON values come through as they are. */
export type Question = SQL;

type PulseValues = FeedPosition & {
  readonly id: string;
  readonly queues: readonly string[];
  readonly pools: string;
};
export type PulseRow = {
  readonly isKnown: boolean;
  readonly processes: number;
  readonly freed: readonly string[] | null;
  readonly answers: Readonly<Record<string, unknown>>;
  readonly mark: number;
  readonly notices: readonly NoticeRow[];
};

/**
 * Heartbeat, sweep, feed and questions in one statement. Whoever gets the sweeper's lock removes the processes that are gone,
 * and frees their tasks: those without their session lock at once (but for 3 s after a restart of PostgreSQL, in which
 * the living come back), silent ones after 10 s. `freed` names the queues that have work again.
 */
export const createPulse = (
  questions: ReadonlyMap<string, Question>,
): PreparedQuery<PulseValues, readonly PulseRow[]> =>
  prepared(
    'kernel.pulse-process',
    (_db, value: Slots<PulseValues>) => sql<PulseRow>`
    with beat as (
      update kernel.processes
      set seen_at = clock_timestamp(), queues = ${value.queues}::text[], pools = ${value.pools}::text::jsonb
      where id = ${value.id}::uuid returning 1
    ), gone as (
      select p.id from kernel.processes p
      where p.id <> ${value.id}::uuid
        and (p.seen_at < now() - interval '10 seconds'
          or (p.is_locked and pg_postmaster_start_time() < now() - interval '3 seconds' and not exists (
            select from pg_locks l
            where l.locktype = 'advisory' and l.classid = ${lockClass}::oid and l.objid = p.lock_key::oid
              and l.objsubid = 2 and l.granted
              and l.database = (select d.oid from pg_database d where d.datname = current_database()))))
    ), sweep as materialized (
      select id from gone where (select pg_try_advisory_xact_lock(${lockClass}, ${sweeperKey}))
    ), freed as (
      update kernel.tasks t set owner = null, run_at = greatest(t.run_at, now())
      where t.owner in (select id from sweep) returning t.queue
    ), removed as (
      delete from kernel.processes p where p.id in (select id from sweep)
    )
    select exists (select from beat) as "isKnown",
      (select count(*)::int from kernel.processes p where p.id not in (select id from sweep)) as processes,
      (select array_agg(distinct queue) from freed) as freed,
      ${toObject(questions)} as answers, ${feedColumns(value)}`,
  );

const toObject = (questions: ReadonlyMap<string, Question>): SQL => {
  const pairs = Array.from(questions, ([name, question]) => sql`${sql.raw(`'${name}'`)}, (${question})`);
  return sql`jsonb_build_object(${sql.join(pairs, sql`, `)})`;
};
