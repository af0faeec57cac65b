import { AppError } from '../error.ts';

/** Why nothing came back. Whoever retries may look at it: `too_large` and `too_many_redirects` will be the same again. */
export type OutboundReason =
  | 'name_not_found'
  | 'unreachable'
  | 'tls_failed'
  | 'timed_out'
  | 'broken_off'
  | 'too_large'
  | 'too_many_redirects';

/** What is attempted: `GET https://api.example.com`. No path and no query, which may be secrets. */
export type Attempt = string;

export const addressDenied = (attempt: Attempt, why: string, cause?: unknown): AppError =>
  new AppError('ADDRESS_DENIED', {
    kind: 'forbidden',
    details: { message: `${attempt} is not allowed: ${why}`, attempt },
    cause,
  });

export const requestInvalid = (why: string, cause?: unknown): AppError =>
  new AppError('OUTBOUND_REQUEST_INVALID', { kind: 'invalid', details: { message: why }, cause });

export const outboundFailed = (attempt: Attempt, reason: OutboundReason, cause?: unknown): AppError =>
  new AppError('OUTBOUND_FAILED', {
    kind: 'unavailable',
    details: { message: `${attempt}: ${sentences[reason]}`, attempt, reason },
    cause,
  });

const sentences = {
  name_not_found: 'the name has no address',
  unreachable: 'no connection could be made',
  tls_failed: 'the other end did not prove who it is, or speaks no TLS',
  timed_out: 'it took too long',
  broken_off: 'the connection broke off before the whole answer was there',
  too_large: 'the answer is larger than allowed',
  too_many_redirects: 'it redirects too often',
} as const satisfies Record<OutboundReason, string>;
