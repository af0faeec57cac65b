import { newId } from '#kernel/ids.ts';
import { asyncTask } from '#kernel/usecase.ts';
import { sendMail as contract } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { renderMail, toStored } from '../../logic/mail-content.ts';
import { enqueueDelivery } from '../../logic/mail-delivery.ts';
import { insertMail } from '../../store/mails.ts';

/** @see docs/modules/platform/usecases/send-mail.md */
export const sendMail = ({ kernel: { secrets, tasks, now }, listMailTemplates }: PlatformDeps) =>
  asyncTask({
    operationId: 'send-mail',
    payload: contract.payload,
    queue: contract.queue,
    pool: 'network',

    async execute(ctx, mail) {
      const { to, template, locale, uniqueKey, sensitive: isSensitive } = mail;
      const content = renderMail(listMailTemplates(), secrets, mail);
      const id = newId();
      const stored = toStored(secrets, { id, isSensitive, content });
      const head = { id, uniqueKey, template, locale, recipient: to, isSensitive, createdAt: now() };
      await ctx.transaction(async (tx) => {
        const isNew = await insertMail(tx, { ...head, ...stored });
        if (isNew) await enqueueDelivery(tasks, tx, { mailId: id, delivery: 1 });
        await ctx.completeIn(tx, { mailId: isNew ? id : null });
      });
    },
  });
