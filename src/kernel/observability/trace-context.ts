import { randomFillSync } from 'node:crypto';

/** The caller's span, as its `traceparent` names it. */
export type RemoteParent = { readonly traceId: string; readonly spanId: string; readonly isSampled: boolean };

const shape = /^(?!ff|00.{54})[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(?:-.*)?$/;
const noSpan = '0'.repeat(16);

/**
 * W3C Trace Context, section 3.2: of version 00 exactly four fields, of later versions the first four, never version ff
 * nor ids of zeros. Null for whatever else: the request then begins a trace of its own.
 */
export const parseTraceparent = (header: string | undefined): RemoteParent | null => {
  if (header === undefined || header.length > 256) return null;
  const [, traceId, spanId, flags] = shape.exec(header) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return null;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
};

export const formatTraceparent = ({ traceId, spanId, isSampled }: RemoteParent): string =>
  `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;

/** A span id for a run that records no span: half of its trace id, whichever is not all zeros. */
export const spanIdOf = (traceId: string): string => {
  const half = traceId.slice(16);
  return half === noSpan ? traceId.slice(0, 16) : half;
};

export type IdSource = { traceId(): string; spanId(): string };

const poolBytes = 8192;

/** Random ids out of a pool: filling 8 KB at once costs a tenth of asking the system for each id. */
export const createIdSource = (): IdSource => {
  const pool = Buffer.allocUnsafe(poolBytes);
  let offset = poolBytes;
  const take = (bytes: number): string => {
    if (offset + bytes > poolBytes) {
      randomFillSync(pool);
      offset = 0;
    }
    offset += bytes;
    return pool.toString('hex', offset - bytes, offset);
  };
  return { traceId: () => take(16), spanId: () => take(8) };
};
