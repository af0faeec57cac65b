import { z } from 'zod';

/** There is work, or there will be. Only saves time: the poll finds it too. */
export type Hint = {
  readonly queue: string;
  /** `run_at` of the earliest, in milliseconds of the Unix epoch. */
  readonly runMs: number;
  /** Milliseconds until then, by the database's clock; 0 or less: now. */
  readonly inMs: number;
  readonly isGrouped: boolean;
};

const maxPayload = 7_000;

/** Two hints about one queue are one: the earlier time. */
export const mergeHint = (hints: Map<string, Hint>, hint: Hint): void => {
  const known = hints.get(hint.queue);
  hints.set(hint.queue, {
    queue: hint.queue,
    runMs: Math.min(hint.runMs, known?.runMs ?? Infinity),
    inMs: Math.min(hint.inMs, known?.inMs ?? Infinity),
    isGrouped: hint.isGrouped || known?.isGrouped === true,
  });
};

const shape = z.array(z.tuple([z.string(), z.number(), z.number(), z.boolean()]));

/** NOTIFY takes less than 8,000 bytes; what does not fit is left to the poll. */
export const formatHints = (hints: Iterable<Hint>): string => {
  const tuples = Array.from(hints, ({ queue, runMs, inMs, isGrouped }) => [queue, runMs, inMs, isGrouped]);
  while (Buffer.byteLength(JSON.stringify(tuples)) > maxPayload) tuples.pop();
  return JSON.stringify(tuples);
};

/** Null for what another release may send. */
export const parseHints = (payload: string): readonly Hint[] | null => {
  try {
    const parsed = shape.safeParse(JSON.parse(payload));
    if (!parsed.success) return null;
    return parsed.data.map(([queue, runMs, inMs, isGrouped]) => ({ queue, runMs, inMs, isGrouped }));
  } catch {
    return null;
  }
};
