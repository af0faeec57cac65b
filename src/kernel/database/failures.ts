import postgres from 'postgres';

import { AppError, kernelError } from '../error.ts';

/** Codes of postgres.js and of sockets: the connection failed, not the statement. */
const connectionCodes: ReadonlySet<string> = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'CONNECTION_ENDED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
]);

/** SQLSTATE of server stops, starting servers and exhausted connections (PostgreSQL, appendix A). */
const connectionStates = /^(?:08...|57P0[1-5]|53300)$/;

/** The SQLSTATE of what was thrown or of one of its causes; null if PostgreSQL did not say it. */
export const sqlStateOf = (thrown: unknown): string | null => {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if (error instanceof postgres.PostgresError) return error.code;
  }
  return null;
};

const isConnectionFailure = (thrown: unknown): boolean => {
  if (thrown instanceof postgres.PostgresError) return connectionStates.test(thrown.code);
  return thrown instanceof Error && 'code' in thrown && connectionCodes.has(String(thrown.code));
};

/** True if another attempt may find the server: it is away, starting or full, not refusing us. */
export const isTransient = (thrown: unknown): boolean =>
  isConnectionFailure(thrown instanceof AppError ? thrown.cause : thrown);

export const databaseUnavailable = (message: string, cause?: unknown): AppError =>
  kernelError('DATABASE_UNAVAILABLE', { details: { message }, cause });

/** Names failures of the connection; a statement's own failure stays what it is. */
export const nameFailure = (thrown: unknown): unknown =>
  isConnectionFailure(thrown)
    ? databaseUnavailable('the connection to PostgreSQL was lost during a statement', thrown)
    : thrown;
