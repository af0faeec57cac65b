import type { Kernel } from '#kernel/kernel.ts';
import type { Retention } from '#kernel/retention.ts';
import { deleteOldMails, eraseOldMails } from '../store/old-mails.ts';
import { deleteOldDailyActive, deleteOldStatMinutes } from '../store/statistics.ts';
import { statRetentionDays } from './statistics-of.ts';

const dayMs = 86_400_000;
/** As long as the task that delivered a mail, if it is dead. */
const mailDays = 90;
/** Who has not got what nobody else may read, has asked for another long since. */
const sensitiveMailDays = 7;

/** What the module keeps for a time. */
export const createPlatformRetention = ({ now }: Pick<Kernel, 'now'>): readonly Retention[] => {
  const ago = (days: number): Date => new Date(now().getTime() - days * dayMs);
  const dayAgo = (days: number): string => ago(days).toISOString().slice(0, 10);
  return [
    {
      name: 'minutes of statistics',
      dropExpired: (tx) => deleteOldStatMinutes(tx, new Date(`${dayAgo(statRetentionDays)}T00:00:00Z`)),
    },
    { name: 'active people', dropExpired: (tx) => deleteOldDailyActive(tx, dayAgo(statRetentionDays)) },
    { name: 'sensitive mails', dropExpired: (tx) => eraseOldMails(tx, ago(sensitiveMailDays)) },
    { name: 'mails', dropExpired: (tx) => deleteOldMails(tx, ago(mailDays)) },
  ];
};
