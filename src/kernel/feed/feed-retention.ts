import { dropOldNotices } from '../database/feed.ts';
import type { Retention } from '../retention.ts';

/** Every process has seen them long ago, or begins anew. */
export const feedRetention: Retention = {
  name: 'notices of the feed',
  dropExpired: async (tx) => (await dropOldNotices(tx)) > 0,
};
