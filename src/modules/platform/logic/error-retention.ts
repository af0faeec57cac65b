import type { Kernel } from '#kernel/kernel.ts';
import type { Retention } from '#kernel/retention.ts';
import { deleteAlertsResolvedBefore } from '../store/alerts.ts';
import { deleteErrorsUnseenSince } from '../store/error-records.ts';

const keptMs = 90 * 86_400_000;
/** Each takes up to a hundred samples with it. */
const batch = 100;

/** What was not seen for 90 days is forgotten: if it comes again, it is new. */
export const createErrorRetention = ({ now }: Pick<Kernel, 'now'>): Retention => ({
  name: 'errors',
  dropExpired: async (tx) => (await deleteErrorsUnseenSince(tx, new Date(now().getTime() - keptMs), batch)) === batch,
});

const alertsKeptMs = 400 * 86_400_000;

/** As long as the audit trail. */
export const createAlertRetention = ({ now }: Pick<Kernel, 'now'>): Retention => ({
  name: 'alerts',
  dropExpired: async (tx) =>
    (await deleteAlertsResolvedBefore(tx, new Date(now().getTime() - alertsKeptMs), batch)) === batch,
});
