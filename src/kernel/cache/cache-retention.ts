import { deleteDeadCounters, deleteExpiredEntries } from '../database/cache.ts';
import type { Retention } from '../retention.ts';

/** Entries past their grace, and what processes that are gone have counted. */
export const cacheRetention: Retention = {
  name: 'cached values',
  dropExpired: async (tx) => {
    await deleteDeadCounters(tx);
    const [entries] = await deleteExpiredEntries(tx);
    return entries?.isMore === true;
  },
};
