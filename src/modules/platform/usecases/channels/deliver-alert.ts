import { composeMail } from '#kernel/mail/compose-mail.ts';
import { asyncTask, type TaskCtx } from '#kernel/usecase.ts';
import { sendMail } from '#portals/platform.ts';
import { postWebhook, webhookKeyOf } from '../../clients/webhook.ts';
import type { PlatformDeps } from '../../deps.ts';
import type { Notice } from '../../domain/notice.ts';
import { alertMail } from '../../logic/mails/alert-mail.ts';
import { alertQueue, alertRetry, deliverAlertPayload } from '../../logic/notices.ts';

/** @see docs/modules/platform/usecases/deliver-alert.md */
export const deliverAlert = (deps: PlatformDeps) =>
  asyncTask({
    operationId: 'deliver-alert',
    payload: deliverAlertPayload,
    queue: alertQueue,
    pool: 'network',
    retry: alertRetry,
    timeoutSeconds: 30,
    execute: (ctx, { channel, notice }) =>
      channel === 'webhook' ? deliverByWebhook(deps, ctx, notice) : deliverByMail(deps, ctx, notice),
  });

const deliverByWebhook = async ({ kernel, alerting, publicUrl }: PlatformDeps, ctx: TaskCtx, notice: Notice) => {
  const { webhookUrl: url } = alerting;
  // It was configured when the notice was sent.
  if (url === undefined) return { status: null };
  const { taskId: id, signal } = ctx;
  const key = webhookKeyOf(kernel, alerting);
  return { status: await postWebhook(kernel, { url, key, id, source: publicUrl, notice, signal }) };
};

const deliverByMail = ({ kernel, alerting, publicUrl: url }: PlatformDeps, ctx: TaskCtx, notice: Notice) =>
  ctx.transaction(async (tx) => {
    const { title, text, facts } = notice;
    const lines = Object.entries(facts).map(([name, value]) => `${name}: ${value ?? '-'}`);
    const params = { title, text, facts: lines.join('\n'), url };
    for (const [index, to] of alerting.emailTo.entries()) {
      const mail = { to, params, locale: null, uniqueKey: `alert:${ctx.taskId}:${index}` };
      await kernel.tasks.enqueue(tx, sendMail, composeMail(kernel.secrets, alertMail, mail));
    }
    await ctx.completeIn(tx);
  });
