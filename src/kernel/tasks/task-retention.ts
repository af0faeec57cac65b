import type { Retention } from '../retention.ts';
import {
  createResultPartitions,
  deleteOldDead,
  deleteOldProgress,
  dropResultPartitions,
} from './process-statements.ts';

/** Results stay as long as the settings say, dead tasks 90 days, the progress of tasks that are gone a day. */
export const createTaskRetention = (resultRetentionDays: () => number): Retention => ({
  name: 'tasks',
  createPartitions: (tx) => createResultPartitions(tx),
  dropExpired: async (tx) => {
    await dropResultPartitions(tx, { retentionDays: resultRetentionDays() });
    await deleteOldProgress(tx);
    const [dead] = await deleteOldDead(tx);
    return dead?.isMore === true;
  },
});
