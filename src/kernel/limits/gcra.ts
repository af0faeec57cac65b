import type { Policy } from './rate.ts';

/*
 * Generic cell rate algorithm (ITU-T I.371, annex A, as virtual scheduling). All that is kept of a key is one time: the
 * theoretical arrival time (`tat`), at which everything that was allowed so far has been paid off at the average rate.
 * Before that moment the key is in debt; it may be so by `capacityMs` at most.
 */
type Pace = Pick<Policy, 'intervalMs' | 'capacityMs'>;

/** Far below what a clock tells apart: three per second are 333.3 ms, whose sums must not refuse what is just due. */
const roundingMs = 0.001;

/** The `tat` after one more, or null if it is not allowed now. */
export const charge = (tat: number, now: number, { intervalMs, capacityMs }: Pace): number | null => {
  const next = (tat > now ? tat : now) + intervalMs;
  return next - now > capacityMs + roundingMs ? null : next;
};

/**
 * The `tat` without the one that had made it `charged`. Only what is left of its debt goes: what time has paid off was
 * given back already, and would else be given back twice.
 */
export const repay = (tat: number, now: number, { charged, intervalMs }: Charged): number =>
  tat - Math.min(intervalMs, Math.max(0, charged - now));

type Charged = { readonly charged: number; readonly intervalMs: number };
