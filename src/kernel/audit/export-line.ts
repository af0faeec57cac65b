import { z } from 'zod';

import type { SealWithLeaves } from '../database/audit-seals.ts';
import type { Seal } from './seal.ts';

const hex32 = () => z.string().regex(/^[0-9a-f]{64}$/);
const base64 = () => z.base64();
const whole = () => z.string().regex(/^-?\d{1,19}$/);
const text = () => z.string().nullable();

const headerLine = () =>
  z.object({
    type: z.literal('header'),
    format: z.literal(1),
    /** Null: everything that was there. */
    month: text(),
    exportedAt: z.string(),
    keys: z.array(z.object({ id: z.string(), publicKey: base64() })),
  });

const sealLine = () =>
  z.object({
    type: z.literal('seal'),
    seq: z.int(),
    month: z.string(),
    fromXid: whole(),
    toXid: whole(),
    count: z.int(),
    root: hex32(),
    previous: hex32(),
    keyId: z.string(),
    at: z.string(),
    signature: base64(),
    /** Id and digest of each event; null where its events are not in the file. */
    leaves: base64().nullable(),
  });

const eventLine = () =>
  z.object({
    type: z.literal('event'),
    id: z.uuid(),
    at: z.string(),
    xid: whole(),
    actorType: z.string(),
    actorId: text(),
    sessionId: text(),
    operation: z.string(),
    subject: text(),
    outcome: z.string(),
    code: text(),
    count: z.int(),
    address: text(),
    traceId: text(),
    before: text(),
    after: text(),
  });

const endLine = () => z.object({ type: z.literal('end'), seals: z.int(), events: z.int(), head: hex32().nullable() });

/** A function: schemas cost time when they are made. */
export const exportLine = () => z.discriminatedUnion('type', [headerLine(), sealLine(), eventLine(), endLine()]);

export type ExportLine = z.infer<ReturnType<typeof exportLine>>;
export type SealLine = Extract<ExportLine, { readonly type: 'seal' }>;

export const toSealLine = ({ root, previous, signature, leaves, ...seal }: SealWithLeaves): SealLine => ({
  type: 'seal',
  ...seal,
  root: root.toString('hex'),
  previous: previous.toString('hex'),
  signature: signature.toString('base64'),
  leaves: leaves === null ? null : leaves.toString('base64'),
});

export const readSealLine = ({
  type: _type,
  leaves,
  ...line
}: SealLine): { readonly seal: Seal; readonly leaves: Buffer | null } => ({
  seal: {
    ...line,
    root: Buffer.from(line.root, 'hex'),
    previous: Buffer.from(line.previous, 'hex'),
    signature: Buffer.from(line.signature, 'base64'),
  },
  leaves: leaves === null ? null : Buffer.from(leaves, 'base64'),
});
