import type { AppError } from '../error.ts';
import type { Retry } from '../usecase.ts';

export const defaultRetry: Retry = { attempts: 5, baseDelaySeconds: 1 };

const maxDelayMs = 300_000;

/** Only what another moment may heal. What the caller did wrong stays wrong. */
export const isRetriable = ({ kind }: AppError): boolean =>
  kind === 'unavailable' || kind === 'rate_limited' || kind === 'internal';

/**
 * Milliseconds until the next attempt: exponential with full jitter (Brooker, "Exponential Backoff And Jitter", 2015),
 * which spreads those that failed together. `random` is in [0, 1).
 */
export const delayAfter = (attempt: number, { baseDelaySeconds }: Retry, random: number): number =>
  Math.floor(random * Math.min(maxDelayMs, baseDelaySeconds * 1000 * 2 ** Math.min(attempt - 1, 30)));

/** What the other end asked for (`retryAfter` in the error's details, in seconds); null if it did not. */
export const askedDelay = ({ details }: AppError): number | null => {
  const seconds = details['retryAfter'];
  return typeof seconds === 'number' && Number.isFinite(seconds) && seconds >= 0
    ? Math.min(seconds, 86_400) * 1000
    : null;
};
