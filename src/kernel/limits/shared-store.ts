import type { Database } from '../database/database.ts';
import { clearRate, refundRate, reserveRate, sweepRates } from '../database/rate-limits.ts';
import type { KeyHash } from './key-hash.ts';
import type { Policy } from './rate.ts';
import type { Reservation } from './reservation.ts';

/** Limits over all processes. What it throws is the failure of where they are kept. */
export type SharedStore = {
  reserve(policy: Policy, key: string): Promise<Reservation>;
  refund(reservation: Reservation): Promise<void>;
  clear(policy: Policy, key: string): Promise<void>;
  /** Removes rows that mean nothing any more, 10,000 at most. */
  sweep(): Promise<void>;
};

type Options = { readonly database: Pick<Database, 'lanes'>; readonly hash: KeyHash };

/** In PostgreSQL. */
export const createSharedStore = ({ database, hash }: Options): SharedStore => {
  return {
    reserve: async (policy, key) => {
      const { intervalMs, capacityMs } = policy;
      const values = { key: hash(policy, key), interval: intervalMs / 1000, capacity: capacityMs / 1000 };
      const [row] = await reserveRate(database.lanes, values);
      // Without a row another process made the key in this moment, and used it up.
      const {
        is_allowed: isAllowed,
        debt,
        charged,
      } = row ?? { is_allowed: false, debt: capacityMs / 1000, charged: 0 };
      return { policy, key, isAllowed, debtMs: debt * 1000, store: 'shared', charged };
    },
    refund: async ({ policy, key, charged }) => {
      await refundRate(database.lanes, { key: hash(policy, key), interval: policy.intervalMs / 1000, charged });
    },
    clear: async (policy, key) => {
      await clearRate(database.lanes, { key: hash(policy, key) });
    },
    sweep: async () => {
      await sweepRates(database.lanes);
    },
  };
};
