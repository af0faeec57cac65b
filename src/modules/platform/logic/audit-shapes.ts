import { z } from 'zod';

export const auditFilter = {
  actor: z.string().min(1).max(64).optional().describe('only by this actor'),
  operation: z.string().min(1).max(200).optional().describe('only this operation (module.operation-id)'),
  subject: z.string().min(1).max(512).optional().describe('only of this subject (kind:id)'),
  outcome: z.enum(['ok', 'forbidden', 'unauthenticated']).optional().describe('only changes (ok) or only refusals'),
  from: z.iso.datetime({ offset: true }).optional().describe('at this time or later'),
  to: z.iso.datetime({ offset: true }).optional().describe('before this time'),
};

/** `before` and `after` as the change noted them. */
export const auditEvent = z.object({
  id: z.uuid(),
  at: z.string(),
  actorType: z.string(),
  actorId: z.string().nullable(),
  sessionId: z.string().nullable(),
  operation: z.string(),
  subject: z.string().nullable(),
  outcome: z.string(),
  code: z.string().nullable(),
  count: z.int(),
  address: z.string().nullable(),
  traceId: z.string().nullable(),
  before: z.unknown(),
  after: z.unknown(),
});

/** `2026-11` */
export const auditMonth = z.string().regex(/^\d{4}-(?:0[1-9]|1[0-2])$/, 'must be a month such as 2026-11');
/** SHA-256 in hex. */
export const auditHead = z.string().regex(/^[0-9a-f]{64}$/, 'must be a hash of 64 hexadecimal digits');

const finding = z.object({
  kind: z.string(),
  seal: z.int().nullable(),
  month: z.string().nullable(),
  eventId: z.string().nullable(),
  operation: z.string().nullable(),
  at: z.string().nullable(),
  message: z.string(),
});

export const verification = z.object({
  events: z.int(),
  seals: z.int(),
  unsealed: z.int(),
  head: z
    .object({ seq: z.int(), hash: z.string(), keyId: z.string(), at: z.string(), signature: z.string() })
    .nullable(),
  keys: z.array(z.object({ id: z.string(), publicKey: z.string() })),
  absentMonths: z.array(z.string()),
  findings: z.array(finding),
  findingCount: z.int(),
});

export type VerificationOutput = z.output<typeof verification>;
