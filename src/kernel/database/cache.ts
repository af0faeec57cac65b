import { type SQL, sql } from 'drizzle-orm';

import type { Kept, KeptEntry } from '../cache/shared-tier.ts';
import type { Stamp } from '../cache/ledger.ts';
import { prepared, type Slots } from './prepared.ts';

const ms = (time: SQL): SQL => sql`floor(extract(epoch from ${time}) * 1000)::float8`;
const interval = (value: SQL): SQL => sql`make_interval(secs => ${value}::float8 / 1000)`;
const stamp = sql`kernel.oldest_xid()::float8 as "oldestXid", ${ms(sql`clock_timestamp()`)} as "atMs"`;

/** Of what is loaded from now on. */
export const readStamp = prepared('kernel.read-cache-stamp', () => sql<Stamp>`select ${stamp}`);

/** What `invalidate` says of its own transaction. */
export const readOwnStamp = prepared(
  'kernel.read-invalidation-stamp',
  () =>
    sql<{ readonly xid: number; readonly atMs: number }>`
      select kernel.current_xid()::float8 as xid, ${ms(sql`clock_timestamp()`)} as "atMs"`,
);

type Id = { readonly namespace: string; readonly key: string };

export const findCacheEntry = prepared(
  'kernel.find-cache-entry',
  (_db, value: Slots<Id>) => sql<Kept>`
    select e.value, e.tags, e.oldest_xid::float8 as "oldestXid", ${ms(sql`e.loaded_at`)} as "atMs",
      extract(epoch from e.fresh_until - now())::float8 * 1000 as "freshMs",
      extract(epoch from e.expires_at - now())::float8 * 1000 as "livesMs"
    from kernel.cache_entries e
    where e.namespace = ${value.namespace} and e.key = ${value.key} and e.expires_at > now()`,
);

/** A newer one stays. */
export const upsertCacheEntry = prepared(
  'kernel.upsert-cache-entry',
  (_db, value: Slots<Id & KeptEntry>) => sql`
    insert into kernel.cache_entries as e
      (namespace, key, value, tags, oldest_xid, loaded_at, fresh_until, expires_at)
    values (${value.namespace}, ${value.key}, ${value.value}, ${value.tags}::text[], ${value.oldestXid}::float8::bigint,
      to_timestamp(${value.atMs}::float8 / 1000), now() + ${interval(sql`${value.ttlMs}`)},
      now() + ${interval(sql`${value.ttlMs}`)} + ${interval(sql`${value.graceMs}`)})
    on conflict (namespace, key) do update set value = excluded.value, tags = excluded.tags,
      oldest_xid = excluded.oldest_xid, loaded_at = excluded.loaded_at, fresh_until = excluded.fresh_until,
      expires_at = excluded.expires_at
    where excluded.oldest_xid >= e.oldest_xid`,
);

/** First half of the locks: "ashc" in ASCII. A collision makes somebody wait for a second at most. */
const lockClass = sql.raw('1634954083');

/** A lock of the session. */
export const tryLockLoad = prepared(
  'kernel.try-lock-cache-load',
  (_db, value: Slots<{ readonly id: string }>) =>
    sql<{ readonly isLocked: boolean }>`select pg_try_advisory_lock(${lockClass}, hashtext(${value.id})) as "isLocked"`,
);

export const unlockLoad = prepared(
  'kernel.unlock-cache-load',
  (_db, value: Slots<{ readonly id: string }>) => sql`select pg_advisory_unlock(${lockClass}, hashtext(${value.id}))`,
);

const batch = sql.raw('10000');

export const deleteExpiredEntries = prepared(
  'kernel.delete-expired-cache-entries',
  () => sql<{ readonly isMore: boolean }>`
    with gone as (
      delete from kernel.cache_entries where (namespace, key) in (
        select namespace, key from kernel.cache_entries where expires_at < now() limit ${batch})
      returning 1)
    select count(*) = ${batch} as "isMore" from gone`,
);

export type CounterRow = {
  readonly namespace: string;
  /** Answers by where they came from, and what the namespace holds in memory. */
  readonly counters: Readonly<Record<string, number>>;
};

export const upsertCounters = prepared(
  'kernel.upsert-cache-counters',
  (_db, value: Slots<{ readonly processId: string; readonly counters: string }>) => sql`
    insert into kernel.cache_counters (process_id, namespace, counters)
    select ${value.processId}::uuid, c.key, c.value from jsonb_each(${value.counters}::text::jsonb) as c
    on conflict (process_id, namespace) do update set counters = excluded.counters, counted_at = now()`,
);

/** Of the processes that live, one row each. */
export const listCounters = prepared(
  'kernel.list-cache-counters',
  () => sql<CounterRow>`
    select c.namespace, c.counters from kernel.cache_counters c
    where exists (select from kernel.processes p where p.id = c.process_id)
    order by c.namespace`,
);

export const deleteDeadCounters = prepared(
  'kernel.delete-cache-counters',
  () => sql`
    delete from kernel.cache_counters c
    where c.counted_at < now() - interval '1 minute'
      and not exists (select from kernel.processes p where p.id = c.process_id)`,
);

export type TableUse = { readonly namespace: string; readonly entries: number; readonly bytes: number };

export const listTableUse = prepared(
  'kernel.list-cache-table-use',
  () => sql<TableUse>`
    select e.namespace, count(*)::int as entries, sum(pg_column_size(e.*))::float8 as bytes
    from kernel.cache_entries e where e.expires_at > now() group by e.namespace order by e.namespace`,
);
