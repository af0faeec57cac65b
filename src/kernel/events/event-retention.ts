import type { Logger } from '../observability/logger.ts';
import type { Retention } from '../retention.ts';
import { dropExpiredEvents, dropOldDeadEvents, makeEventPartitions } from './subscription-statements.ts';

/** The log by days, as far as every subscription has read it; dead events for 90 days. */
export const createEventRetention = (retentionDays: number, log: Logger): Retention => ({
  name: 'events',
  createPartitions: (tx) => makeEventPartitions(tx),
  dropExpired: async (tx) => {
    const [row] = await dropExpiredEvents(tx, { retentionDays });
    const days = row?.needed ?? 0;
    if (days > 0) log.error({ days }, 'events past their retention are kept: a subscription has not read them');
    return (await dropOldDeadEvents(tx)).length > 0;
  },
});
