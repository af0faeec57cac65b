import { dropAuditMonths, makeAuditMonths } from '../database/audit.ts';
import type { Logger } from '../observability/logger.ts';
import type { Retention } from '../retention.ts';

type RetentionConfig = { readonly retentionDays: number; readonly dropUnexported: boolean };

/** A month is dropped as a whole, and only once somebody has exported it, unless the configuration says otherwise. */
export const createAuditRetention = (
  { retentionDays, dropUnexported }: RetentionConfig,
  log: Logger,
): Required<Retention> => ({
  name: 'audit trail',
  createPartitions: (tx) => makeAuditMonths(tx),
  dropExpired: async (tx) => {
    const actions = await dropAuditMonths(tx, { retentionDays, dropUnexported });
    const months = actions.filter(({ action }) => action === 'kept').map(({ month }) => month);
    if (months.length > 0)
      log.warn({ months }, 'months of the audit trail are past their retention, and kept until they are exported');
    return false;
  },
});
