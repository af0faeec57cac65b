import { AppError } from '../error.ts';

const timeoutMs = 250;
const pauseMs = 1_000;

/**
 * After a failure nobody waits for a while, then one tries: so a server that is silent costs one caller a quarter of a
 * second in each second, and nobody else anything.
 */
export type Breaker = {
  /** False: `run` would fail at once. */
  readonly isClosed: boolean;
  /** Throws REDIS_UNAVAILABLE: fn failed, took longer than 250 ms, or was not begun. */
  run<T>(fn: () => Promise<T>): Promise<T>;
};

type Options = {
  /** Milliseconds of a clock that is never set back. */
  readonly now: () => number;
  /** Called once for each loss and each return. */
  readonly onChange: (isUp: boolean, reason: unknown) => void;
};

export const createBreaker = ({ now, onChange }: Options): Breaker => {
  let openUntil: number | null = null;
  let isTrying = false;

  const fail = (reason: unknown): AppError => {
    if (openUntil === null) onChange(false, reason);
    openUntil = now() + pauseMs;
    return unavailable(reason);
  };
  return {
    get isClosed() {
      return openUntil === null || (!isTrying && now() >= openUntil);
    },
    run: async (fn) => {
      const isTrial = openUntil !== null;
      if (openUntil !== null && (isTrying || now() < openUntil)) throw unavailable(null);
      isTrying = isTrial;
      try {
        const value = await withTimeout(fn());
        if (openUntil !== null) onChange(true, null);
        openUntil = null;
        return value;
      } catch (thrown) {
        throw fail(thrown);
      } finally {
        if (isTrial) isTrying = false;
      }
    },
  };
};

const withTimeout = async <T>(work: Promise<T>): Promise<T> => {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`Redis did not answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
};

const unavailable = (cause: unknown): AppError =>
  new AppError('REDIS_UNAVAILABLE', { kind: 'unavailable', details: { message: 'Redis does not answer' }, cause });
