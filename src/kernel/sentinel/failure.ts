import type { AppError } from '../error.ts';

/** An internal failure of a run or a request: a fault of ours, and not a refusal. */
export type Failure = {
  /** `module.operation-id`; null outside of one. */
  readonly operation: string | null;
  readonly traceId: string;
  readonly actorId: string | null;
  readonly error: AppError;
  /** What the operation was given, if it had been read; only its shape is kept. */
  readonly input: unknown;
};
