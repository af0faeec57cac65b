import { deleteOldKeys } from '../database/idempotency-keys.ts';
import type { Retention } from '../retention.ts';

/** A key may be used anew after a day; rows that nobody came back to go here. */
export const keyRetention: Retention = {
  name: 'idempotency keys',
  dropExpired: async (tx) => {
    const [keys] = await deleteOldKeys(tx);
    return keys?.isMore === true;
  },
};
