import type { AppError, ErrorKind } from '../error.ts';
import type { KeptAnswer } from '../idempotency/kept-answer.ts';

const statusOfKind = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  rate_limited: 429,
  unavailable: 503,
  internal: 500,
} as const satisfies Record<ErrorKind, number>;

/** Codes for which HTTP has a status of its own (RFC 9110). */
const statusOfCode: Readonly<Record<string, number>> = {
  METHOD_NOT_ALLOWED: 405,
  BODY_TIMEOUT: 408,
  BODY_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  EXPECTATION_FAILED: 417,
  HOST_NOT_SERVED: 421,
  HEADERS_TOO_LARGE: 431,
};

export const statusOf = (code: string, kind: ErrorKind): number => statusOfCode[code] ?? statusOfKind[kind];

/** RFC 9457. `code` is stable; `traceId` finds the log lines of the request. */
export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly traceId: string;
  readonly detail?: string;
  /** Of INPUT_INVALID: messages by the path of the field; `$` is the input as a whole. */
  readonly fields?: Readonly<Record<string, readonly string[]>>;
  readonly details?: Readonly<Record<string, unknown>>;
};

export const problemType = 'application/problem+json';

/** Their details are for the operator's log: addresses, statements, stacks. */
const isOpaque = ({ code, kind }: AppError): boolean => kind === 'internal' || code === 'DATABASE_UNAVAILABLE';

export const toProblem = (error: AppError, traceId: string): Problem => {
  const { code, kind } = error;
  const { message, fields, ...details } = isOpaque(error) ? {} : error.details;
  return {
    type: `urn:ashlar:error:${code}`,
    title: titleOf(code),
    status: statusOf(code, kind),
    code,
    traceId,
    ...(typeof message === 'string' && { detail: message }),
    ...(isFields(fields) && { fields }),
    ...(Object.keys(details).length > 0 && { details }),
  };
};

export const problemAnswer = (error: AppError, traceId: string): KeptAnswer => {
  const problem = toProblem(error, traceId);
  const headers: Record<string, string> = { 'content-type': problemType, 'cache-control': 'no-store' };
  const { retryAfterSeconds } = error.details;
  if (typeof retryAfterSeconds === 'number') headers['retry-after'] = String(Math.ceil(retryAfterSeconds));
  return { status: problem.status, headers, body: JSON.stringify(problem) };
};

/** `INPUT_INVALID` reads `Input invalid`. */
const titleOf = (code: string): string => code.charAt(0) + code.slice(1).toLowerCase().replaceAll('_', ' ');

const isFields = (fields: unknown): fields is NonNullable<Problem['fields']> =>
  typeof fields === 'object' && fields !== null;
