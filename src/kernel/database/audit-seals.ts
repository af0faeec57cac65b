import { type SQL, sql } from 'drizzle-orm';

import type { AuditEvent } from '../audit/audit-event.ts';
import type { Seal, SealContent } from '../audit/seal.ts';
import { eventFields } from './audit.ts';
import type { Db } from './database.ts';
import { prepared, type Slots } from './prepared.ts';

/** One sealer of all processes, until its transaction ends. */
export const trySealLock = prepared(
  'kernel.try-audit-seal-lock',
  () => sql<{ readonly isLocked: boolean }>`
    select pg_try_advisory_xact_lock(hashtextextended('kernel.audit_seals', 0)) as "isLocked"`,
);

const iso = (time: SQL): SQL => sql`to_char(${time} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const sealFields = sql`
  s.seq::float8 as seq, to_char(s.month, 'YYYY-MM') as month, s.from_xid::text as "fromXid", s.to_xid::text as "toXid",
  s.count, s.root, s.previous, s.key_id as "keyId", ${iso(sql`s.at`)} as at, s.signature`;

export const findLastSeal = prepared(
  'kernel.find-last-audit-seal',
  () => sql<Seal>`select ${sealFields} from kernel.audit_seals s order by s.seq desc limit 1`,
);

export type SealRange = {
  /** Null: there is nothing that could be sealed. */
  readonly toXid: string | null;
  /** There is more than was asked for. */
  readonly isMore: boolean;
  /** PostgreSQL's clock. */
  readonly at: string;
};

/** Up to which transaction to seal: of those that have ended, `limit` events, and a transaction never in parts. */
export const findSealRange = prepared(
  'kernel.find-audit-seal-range',
  (_db, value: Slots<{ readonly fromXid: string; readonly limit: number }>) => sql<SealRange>`
    with bounds as materialized (select ${value.fromXid}::bigint as from_xid, kernel.oldest_xid() as oldest),
    first as materialized (
      select e.xid from kernel.audit_events e
      where e.xid >= (select from_xid from bounds) and e.xid < (select oldest from bounds) order by e.xid limit 1),
    cut as materialized (
      select e.xid from kernel.audit_events e
      where e.xid >= (select from_xid from bounds) and e.xid < (select oldest from bounds)
      order by e.xid offset ${value.limit}::int limit 1)
    select case when exists (select from first)
        then coalesce((select greatest(cut.xid, first.xid + 1) from cut, first), bounds.oldest) end::text as "toXid",
      exists (select from cut) as "isMore", ${iso(sql`clock_timestamp()`)} as at
    from bounds`,
);

export type Batch = { readonly month: string; readonly count: number; readonly leaves: Buffer };

/** The events of some transactions, by month: id and digest of each, in the order in which they are sealed. */
export const collectLeaves = prepared(
  'kernel.collect-audit-leaves',
  (_db, value: Slots<{ readonly fromXid: string; readonly toXid: string }>) => sql<Batch>`
    select to_char(date_trunc('month', e.at at time zone 'UTC'), 'YYYY-MM') as month, count(*)::int as count,
      string_agg(uuid_send(e.id) || kernel.audit_digest(e), ''::bytea order by e.xid, e.id) as leaves
    from kernel.audit_events e
    where e.xid >= ${value.fromXid}::bigint and e.xid < ${value.toXid}::bigint
    group by 1 order by 1`,
);

type NewSeal = Omit<SealContent, 'root' | 'previous'> & {
  readonly root: Buffer;
  readonly previous: Buffer;
  readonly signature: Buffer;
  readonly leaves: Buffer;
};

export const insertSeal = prepared(
  'kernel.insert-audit-seal',
  (_db, value: Slots<NewSeal>) => sql`
    with leaf as (
      insert into kernel.audit_leaves (month, seq, leaves)
      values (to_date(${value.month}::text, 'YYYY-MM'), ${value.seq}::bigint, ${value.leaves}::bytea))
    insert into kernel.audit_seals
      (seq, month, from_xid, to_xid, count, root, previous, key_id, at, signature)
    values (${value.seq}::bigint, to_date(${value.month}::text, 'YYYY-MM'), ${value.fromXid}::bigint,
      ${value.toXid}::bigint, ${value.count}::int, ${value.root}::bytea, ${value.previous}::bytea, ${value.keyId}::text,
      ${value.at}::timestamptz, ${value.signature}::bytea)`,
);

export type Unsealed = {
  /** Counted up to 100,001. */
  readonly count: number;
  /** 0 if there are none. */
  readonly oldestSeconds: number;
};

/** What is behind the last seal. */
export const findUnsealed = prepared(
  'kernel.find-unsealed-audit-events',
  () => sql<Unsealed>`
    select count(*)::int as count, coalesce(extract(epoch from now() - min(u.at)), 0)::float8 as "oldestSeconds"
    from (
      select e.at from kernel.audit_events e
      where e.xid >= coalesce((select s.to_xid from kernel.audit_seals s order by s.seq desc limit 1), 0)
      order by e.xid limit 100001
    ) u`,
);

export type SealedPage = Seal & {
  /** Null: its month was dropped, or somebody deleted them. */
  readonly leaves: Buffer | null;
  /** What the events are now; empty if there are none. */
  readonly found: Buffer;
};

type SealPage = {
  readonly afterSeq: number;
  readonly toSeq: number;
  /** How many events the seals of a page have together, unless the first one alone has more. */
  readonly events: number;
};

/** 500 seals at most: of small ones many, of large ones few. */
const pageOf = (value: Slots<SealPage>): SQL => sql`
  page as materialized (
    select p.seq from (
      select n.seq, row_number() over (order by n.seq) as place, sum(n.count) over (order by n.seq) as events
      from (
        select seq, count from kernel.audit_seals
        where seq > ${value.afterSeq}::bigint and seq <= ${value.toSeq}::bigint order by seq limit 500
      ) n
    ) p
    where p.place = 1 or p.events <= ${value.events}::int)`;

/**
 * Seals behind `afterSeq` up to `toSeq`, each with what was sealed and what is there now; of that, a thousand more than
 * the seal counts at most, so that nobody can make this answer endless.
 */
export const listSealsWithFound = prepared(
  'kernel.list-audit-seals-with-found',
  (_db, value: Slots<SealPage>) => sql<SealedPage>`
    with ${pageOf(value)}
    select ${sealFields}, l.leaves, coalesce(f.leaves, ''::bytea) as found
    from kernel.audit_seals s
    left join kernel.audit_leaves l on l.month = s.month and l.seq = s.seq
    left join lateral (
      select string_agg(uuid_send(o.id) || o.digest, ''::bytea order by o.xid, o.id) as leaves
      from (
        select e.id, e.xid, kernel.audit_digest(e) as digest from kernel.audit_events e
        where e.at >= s.month::timestamp at time zone 'UTC'
          and e.at < (s.month + interval '1 month') at time zone 'UTC'
          and e.xid >= s.from_xid and e.xid < s.to_xid
        order by e.xid, e.id limit s.count + 1000
      ) o
    ) f on true
    where s.seq in (select seq from page) order by s.seq`,
);

/** Null leaves: their month was dropped. */
export type SealWithLeaves = Seal & { readonly leaves: Buffer | null };

export const listSealsWithLeaves = prepared(
  'kernel.list-audit-seals-with-leaves',
  (_db, value: Slots<SealPage>) => sql<SealWithLeaves>`
    with ${pageOf(value)}
    select ${sealFields}, l.leaves from kernel.audit_seals s
    left join kernel.audit_leaves l on l.month = s.month and l.seq = s.seq
    where s.seq in (select seq from page) order by s.seq`,
);

/** First and last seal of a month; null if it has none. */
export const findSealsOfMonth = prepared(
  'kernel.find-audit-seals-of-month',
  (_db, value: Slots<{ readonly month: string }>) => sql<{
    readonly first: number | null;
    readonly last: number | null;
  }>`
    select min(seq)::float8 as first, max(seq)::float8 as last from kernel.audit_seals
    where month = to_date(${value.month}::text, 'YYYY-MM')`,
);

export type EventRange = {
  readonly month: string;
  readonly fromXid: string;
  readonly toXid: string;
  /** The event behind which to begin; the smallest id stands before all. */
  readonly afterXid: string;
  readonly afterId: string;
  readonly limit: number;
};

/** Events of one month by the order in which they are sealed. */
export const listEventsInOrder = prepared(
  'kernel.list-audit-events-in-order',
  (_db, value: Slots<EventRange>) => sql<AuditEvent>`
    select ${eventFields} from kernel.audit_events e
    where e.at >= to_date(${value.month}::text, 'YYYY-MM')::timestamp at time zone 'UTC'
      and e.at < (to_date(${value.month}::text, 'YYYY-MM') + interval '1 month') at time zone 'UTC'
      and e.xid >= ${value.fromXid}::bigint and e.xid < ${value.toXid}::bigint
      and (e.xid, e.id) > (${value.afterXid}::bigint, ${value.afterId}::uuid)
    order by e.xid, e.id limit ${value.limit}::int`,
);

export const listEventsById = prepared(
  'kernel.list-audit-events-by-id',
  (_db, value: Slots<{ readonly month: string; readonly ids: readonly string[] }>) => sql<AuditEvent>`
    select ${eventFields} from kernel.audit_events e
    where e.at >= to_date(${value.month}::text, 'YYYY-MM')::timestamp at time zone 'UTC'
      and e.at < (to_date(${value.month}::text, 'YYYY-MM') + interval '1 month') at time zone 'UTC'
      and e.id = any(${value.ids}::uuid[])`,
);

export type StoredKey = { readonly id: string; readonly publicKey: Buffer; readonly privateSealed: Buffer };

export const listAuditKeys = prepared(
  'kernel.list-audit-keys',
  () => sql<StoredKey>`
    select id, public_key as "publicKey", private_sealed as "privateSealed" from kernel.audit_keys order by created_at, id`,
);

export const insertAuditKey = (db: Db, { id, publicKey, privateSealed }: StoredKey): Promise<unknown> =>
  db.execute(
    sql`insert into kernel.audit_keys (id, public_key, private_sealed) values (${id}, ${publicKey}, ${privateSealed})`,
  );
