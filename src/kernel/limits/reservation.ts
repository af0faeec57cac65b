import type { Policy } from './rate.ts';

/** What a store says to one request. */
export type Reservation = {
  readonly policy: Policy;
  readonly key: string;
  readonly isAllowed: boolean;
  /** What is owed after it, at the average rate. */
  readonly debtMs: number;
  /** Where it was reserved, which is not the shared store while that is lost; a refund goes there. */
  readonly store: 'local' | 'shared';
  /** The `tat` that it made, by the clock of the store. Without meaning if it is not allowed. */
  readonly charged: number;
};

/** How many more would be allowed now. */
export const remainingOf = ({ policy: { burst, intervalMs }, isAllowed, debtMs }: Reservation): number =>
  isAllowed ? Math.max(0, burst - Math.ceil((debtMs - 0.001) / intervalMs)) : 0;

/** Whole seconds, at least 1: until one is allowed again. */
export const retryAfterSeconds = ({ policy: { intervalMs, capacityMs }, debtMs }: Reservation): number =>
  toSeconds(debtMs + intervalMs - capacityMs);

/** Whole seconds, at least 1: until all of the burst is back, if nothing more comes. */
export const resetSeconds = ({ debtMs }: Reservation): number => toSeconds(debtMs);

/** Whole seconds, at least 1: in which an empty burst fills at the average rate. */
export const windowSeconds = ({ capacityMs }: Policy): number => toSeconds(capacityMs);

const toSeconds = (ms: number): number => Math.max(1, Math.ceil((ms - 0.001) / 1000));
