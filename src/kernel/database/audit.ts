import { type SQL, sql } from 'drizzle-orm';

import type { AuditEvent, NewAuditEvent } from '../audit/audit-event.ts';
import type { Db } from './database.ts';
import { prepared, type Slots } from './prepared.ts';

const columns = sql`id, actor_type, actor_id, session_id, operation, subject, outcome, code, count, address, trace_id, before, after`;

const valuesOf = (value: Slots<NewAuditEvent>): SQL => sql`
  ${value.id}::uuid, ${value.actorType}::text, ${value.actorId}::text, ${value.sessionId}::text,
  ${value.operation}::text, ${value.subject}::text, ${value.outcome}::text, ${value.code}::text, ${value.count}::int,
  ${value.address}::text, ${value.traceId}::text, ${value.before}::json, ${value.after}::json`;

/** Time and transaction are PostgreSQL's to say. */
export const insertAuditEvent = prepared(
  'kernel.insert-audit-event',
  (_db, value: Slots<NewAuditEvent>) => sql`insert into kernel.audit_events (${columns}) values (${valuesOf(value)})`,
);

export type Refusals = {
  readonly ids: readonly string[];
  readonly actorTypes: readonly string[];
  readonly actorIds: readonly (string | null)[];
  readonly sessionIds: readonly (string | null)[];
  readonly operations: readonly string[];
  readonly outcomes: readonly string[];
  readonly codes: readonly (string | null)[];
  readonly counts: readonly number[];
  readonly addresses: readonly (string | null)[];
  readonly traceIds: readonly (string | null)[];
};

export const insertRefusals = prepared(
  'kernel.insert-audit-refusals',
  (_db, value: Slots<Refusals>) => sql`
    insert into kernel.audit_events
      (id, actor_type, actor_id, session_id, operation, outcome, code, count, address, trace_id)
    select * from unnest(
      ${value.ids}::uuid[], ${value.actorTypes}::text[], ${value.actorIds}::text[], ${value.sessionIds}::text[],
      ${value.operations}::text[], ${value.outcomes}::text[], ${value.codes}::text[], ${value.counts}::int[],
      ${value.addresses}::text[], ${value.traceIds}::text[])`,
);

const isoTime = sql`to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** Every field as it is digested; `before` and `after` as they were written, to the byte. */
export const eventFields = sql`
  e.id, ${isoTime} as at, e.xid::text as xid, e.actor_type as "actorType", e.actor_id as "actorId",
  e.session_id as "sessionId", e.operation, e.subject, e.outcome, e.code, e.count, e.address, e.trace_id as "traceId",
  e.before::text as before, e.after::text as after`;

/** Null parts filter nothing. */
export type AuditFilter = {
  readonly actor: string | null;
  readonly operation: string | null;
  readonly subject: string | null;
  readonly outcome: string | null;
  /** At or after, and before. */
  readonly from: Date | null;
  readonly to: Date | null;
};

/** Where the page begins: behind this event. */
export type AuditPlace = { readonly beforeAt: string | null; readonly beforeId: string | null };

/** Newest first. Planned for the values of each call, so that a filter finds its index. */
export const listAuditEvents = prepared(
  'kernel.list-audit-events',
  (_db, value: Slots<AuditFilter & AuditPlace & { readonly limit: number }>) => sql<AuditEvent>`
    select ${eventFields} from kernel.audit_events e
    where (${value.actor}::text is null or e.actor_id = ${value.actor}::text)
      and (${value.operation}::text is null or e.operation = ${value.operation}::text)
      and (${value.subject}::text is null or e.subject = ${value.subject}::text)
      and (${value.outcome}::text is null or e.outcome = ${value.outcome}::text)
      and (${value.from}::timestamptz is null or e.at >= ${value.from}::timestamptz)
      and (${value.to}::timestamptz is null or e.at < ${value.to}::timestamptz)
      and (${value.beforeAt}::timestamptz is null or (e.at, e.id) < (${value.beforeAt}::timestamptz, ${value.beforeId}::uuid))
    order by e.at desc, e.id desc limit ${value.limit}::int`,
);

type MonthAction = { readonly month: string; readonly action: 'dropped' | 'kept' };

/** This month and the three to come. */
export const makeAuditMonths = prepared('kernel.make-audit-months', () => sql`select kernel.make_audit_months()`);

/** Drops months past their retention; `kept`: one that was never exported. */
export const dropAuditMonths = prepared(
  'kernel.drop-audit-months',
  (_db, value: Slots<{ readonly retentionDays: number; readonly dropUnexported: boolean }>) => sql<MonthAction>`
    select to_char(month, 'YYYY-MM') as month, action
    from kernel.drop_audit_months(${value.retentionDays}::int, ${value.dropUnexported}::boolean)`,
);

/** Answers false for a month that is not over. */
export const markAuditExported = prepared(
  'kernel.mark-audit-exported',
  (_db, value: Slots<{ readonly month: string }>) => sql<{ readonly isMarked: boolean }>`
    select kernel.mark_audit_exported(to_date(${value.month}::text, 'YYYY-MM')) as "isMarked"`,
);

export type AuditMonth = {
  /** `2026-11` */
  readonly month: string;
  readonly isThere: boolean;
  readonly exportedAt: string | null;
  readonly droppedAt: string | null;
};

/** Months that are there, and months that were. */
export const listAuditMonths = (db: Db): Promise<readonly AuditMonth[]> =>
  db.execute<AuditMonth>(sql`
    select coalesce(p.month, to_char(m.month, 'YYYY-MM')) as month, p.month is not null as "isThere",
      to_char(m.exported_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "exportedAt",
      to_char(m.dropped_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "droppedAt"
    from (
      select regexp_replace(c.relname, '^.*_([0-9]{4})([0-9]{2})$', '\\1-\\2') as month
      from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'kernel.audit_events'::regclass
    ) p
    full join kernel.audit_months m on to_char(m.month, 'YYYY-MM') = p.month
    order by 1`);
