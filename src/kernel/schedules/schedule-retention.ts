import { deleteOldFires } from '../database/schedules.ts';
import type { Retention } from '../retention.ts';

/** What came of slots is kept for 30 days; that none fires again is the cursor's work. */
export const scheduleRetention: Retention = {
  name: 'schedules',
  dropExpired: async (tx) => {
    const [fires] = await deleteOldFires(tx);
    return fires?.isMore === true;
  },
};
