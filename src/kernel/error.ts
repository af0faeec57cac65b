/** What went wrong, seen from the caller. Only use cases choose a kind; whatever else throws is `internal`. */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'rate_limited'
  | 'unavailable'
  | 'internal';

type AppErrorOptions = {
  readonly kind: ErrorKind;
  /** Plain data shown to the caller; never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
};

/** The one error class: a stable code for programs, a kind for transports, details for people. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: string;
  readonly kind: ErrorKind;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, { kind, details = {}, cause }: AppErrorOptions) {
    const sentence = details['message'];
    super(typeof sentence === 'string' ? `${code}: ${sentence}` : code, { cause });
    this.code = code;
    this.kind = kind;
    this.details = details;
  }
}

/** What every transport may answer, whatever the use case: these codes are not declared by heads. */
export const kernelErrors = {
  INPUT_INVALID: 'invalid',
  UNAUTHENTICATED: 'unauthenticated',
  TOKEN_EXPIRED: 'unauthenticated',
  SESSION_ENDED: 'unauthenticated',
  PERMISSION_DENIED: 'forbidden',
  ROUTE_NOT_FOUND: 'not_found',
  METHOD_NOT_ALLOWED: 'invalid',
  BODY_TOO_LARGE: 'invalid',
  UNSUPPORTED_MEDIA_TYPE: 'invalid',
  HOST_NOT_SERVED: 'invalid',
  IDEMPOTENCY_KEY_REUSED: 'conflict',
  REQUEST_IN_PROGRESS: 'conflict',
  RATE_LIMITED: 'rate_limited',
  REQUEST_TIMEOUT: 'unavailable',
  CANCELLED: 'unavailable',
  SHUTTING_DOWN: 'unavailable',
  DATABASE_UNAVAILABLE: 'unavailable',
  INTERNAL: 'internal',
} as const satisfies Record<string, ErrorKind>;

export type KernelErrorCode = keyof typeof kernelErrors;

export const kernelError = (code: KernelErrorCode, options: Omit<AppErrorOptions, 'kind'> = {}): AppError =>
  new AppError(code, { ...options, kind: kernelErrors[code] });

/** Turns whatever was thrown into an AppError; what nobody declared becomes INTERNAL with the original as its cause. */
export const toAppError = (thrown: unknown): AppError =>
  thrown instanceof AppError ? thrown : kernelError('INTERNAL', { cause: thrown });
