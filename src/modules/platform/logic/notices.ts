import { z } from 'zod';

import type { Tx } from '#kernel/database/database.ts';
import type { Kernel } from '#kernel/kernel.ts';
import type { Retry, TaskContract } from '#kernel/usecase.ts';
import { type ChannelName, maxNoticesPerMinute, notice, type Notice } from '../domain/notice.ts';
import { countNotices, lockNotices } from '../store/notices.ts';

export type AlertingConfig = {
  readonly webhookUrl?: string | undefined;
  readonly webhookSecret?: string | undefined;
  readonly emailTo: readonly string[];
};

const deliverAlertTask = {
  name: 'platform.deliver-alert',
  queue: 'alerts',
  payload: z.object({ channel: z.enum(['webhook', 'email']), notice }),
} as const satisfies TaskContract;

export const { payload: deliverAlertPayload, queue: alertQueue } = deliverAlertTask;

/** Long enough for a receiver that is deployed anew: about half an hour on average. */
export const alertRetry: Retry = { attempts: 15, baseDelaySeconds: 5 };

/** What delivers notices. When one of these fails, a notice of it would only fail too: it goes to the log alone. */
const deliverers: ReadonlySet<string> = new Set([deliverAlertTask.name, 'platform.send-mail', 'platform.deliver-mail']);

export type Notices = {
  readonly isConfigured: (channel: ChannelName) => boolean;
  /** How many may be sent now. Until the commit nobody else sends any. */
  room(tx: Tx): Promise<number>;
  /** Over every configured channel, by tasks of this transaction; what goes to the log, goes there after the commit. */
  send(tx: Tx, notice: Notice): Promise<void>;
  /** Over one channel. Answers the task that delivers, null for the log. */
  sendOver(tx: Tx, channel: ChannelName, notice: Notice): Promise<string | null>;
};

type NoticesDeps = {
  readonly kernel: Pick<Kernel, 'log' | 'tasks' | 'now'>;
  readonly alerting: AlertingConfig;
};

export const createNotices = ({ kernel: { log, tasks, now }, alerting }: NoticesDeps): Notices => {
  const { webhookUrl, emailTo } = alerting;
  const configured = { log: true, webhook: webhookUrl !== undefined, email: emailTo.length > 0 };
  const sendOver: Notices['sendOver'] = async (tx, channel, sent) => {
    if (channel !== 'log') return tasks.enqueue(tx, deliverAlertTask, { channel, notice: sent });
    const { title, ...rest } = sent;
    tx.afterCommit(() => log.warn({ notice: rest }, title));
    return null;
  };
  return {
    isConfigured: (channel) => configured[channel],
    room: async (tx) => {
      await lockNotices(tx);
      const [counted] = await countNotices(tx, { since: new Date(now().getTime() - 60_000) });
      return Math.max(0, maxNoticesPerMinute - (counted?.sent ?? 0));
    },
    send: async (tx, sent) => {
      await sendOver(tx, 'log', sent);
      const { operation } = sent.facts;
      if (typeof operation === 'string' && deliverers.has(operation)) return;
      if (configured.webhook) await sendOver(tx, 'webhook', sent);
      if (configured.email) await sendOver(tx, 'email', sent);
    },
    sendOver,
  };
};
