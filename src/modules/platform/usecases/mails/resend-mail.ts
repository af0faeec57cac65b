import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import { manageMails } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { enqueueDelivery } from '../../logic/mail-delivery.ts';
import { findMail, updateMailQueued } from '../../store/mails.ts';

/** @see docs/modules/platform/usecases/resend-mail.md */
export const resendMail = ({ kernel: { tasks } }: PlatformDeps) =>
  userAction({
    operationId: 'resend-mail',
    summary: 'Send a mail once more',
    access: 'POST /api/v1/platform/mails/{id}/resend',
    actors: ['admin', 'service_acc'],
    permissions: [manageMails.name],
    input: z.object({ id: z.uuid() }),
    output: null,
    errors: { MAIL_NOT_FOUND: 'not_found', MAIL_QUEUED: 'conflict', MAIL_ERASED: 'conflict' },

    async execute(ctx, { id: mailId }, fail) {
      await ctx.transaction(async (tx) => {
        const queued = await updateMailQueued(tx, mailId);
        if (queued === null) {
          const mail = await findMail(tx, mailId);
          if (mail === null) throw fail('MAIL_NOT_FOUND');
          throw fail(mail.state === 'queued' ? 'MAIL_QUEUED' : 'MAIL_ERASED');
        }
        await enqueueDelivery(tasks, tx, { mailId, delivery: queued });
        await ctx.audit(tx, { subject: `mail:${mailId}`, after: { state: 'queued', delivery: queued } });
      });
    },
  });
