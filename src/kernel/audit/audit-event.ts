import { hash } from 'node:crypto';

/** What is written; PostgreSQL adds time and transaction. `before` and `after` are JSON texts. */
export type NewAuditEvent = {
  readonly id: string;
  /** admin, user, service_acc; anonymous; system: a command of the machine's administrator, or Ashlar itself. */
  readonly actorType: string;
  readonly actorId: string | null;
  readonly sessionId: string | null;
  /** `module.operation-id` */
  readonly operation: string;
  /** `kind:id`; null where nothing was noted, or something was refused. */
  readonly subject: string | null;
  readonly outcome: string;
  /** The error's code; null when the outcome is `ok`. */
  readonly code: string | null;
  /** More than one only where refusals are counted together. */
  readonly count: number;
  readonly address: string | null;
  readonly traceId: string | null;
  readonly before: string | null;
  readonly after: string | null;
};

export type AuditEvent = NewAuditEvent & {
  /** `2026-11-21T14:35:00.123Z` */
  readonly at: string;
  /** Number of the transaction, in decimal. */
  readonly xid: string;
};

/** In this order, for ever: it is what seals vouch for. PostgreSQL's twin is `kernel.audit_digest`. */
const fields = [
  'id',
  'at',
  'xid',
  'actorType',
  'actorId',
  'sessionId',
  'operation',
  'subject',
  'outcome',
  'code',
  'count',
  'address',
  'traceId',
  'before',
  'after',
] as const satisfies readonly (keyof AuditEvent)[];

/** SHA-256 of every field, each behind its length in bytes; an absent one is a hyphen. */
export const digestOf = (event: AuditEvent): Buffer =>
  hash('sha256', `ashlar audit event 1${fields.map((field) => textOf(event[field])).join('')}`, 'buffer');

const textOf = (value: string | number | null): string =>
  value === null ? '-' : `${Buffer.byteLength(String(value))}:${value}`;

/** What a seal keeps of an event: the 16 bytes of its id, and its digest. */
export const leafOf = (event: AuditEvent): Buffer =>
  Buffer.concat([Buffer.from(event.id.replaceAll('-', ''), 'hex'), digestOf(event)]);
