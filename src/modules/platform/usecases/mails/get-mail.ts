import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import { readMails } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { mailDetails } from '../../logic/mail-shapes.ts';
import { readContent } from '../../logic/mail-content.ts';
import { findMail, type MailRow } from '../../store/mails.ts';

/** @see docs/modules/platform/usecases/get-mail.md */
export const getMail = ({ kernel: { database, secrets } }: PlatformDeps) =>
  userAction({
    operationId: 'get-mail',
    summary: 'Show a mail: what it says, and how it went',
    access: 'GET /api/v1/platform/mails/{id}',
    actors: ['admin', 'service_acc'],
    permissions: [readMails.name],
    input: z.object({ id: z.uuid() }),
    output: mailDetails,
    errors: { MAIL_NOT_FOUND: 'not_found' },

    async execute(ctx, { id }, fail) {
      const mail = await findMail(database.lanes, id);
      if (mail === null) throw fail('MAIL_NOT_FOUND');
      const contentState = judge(mail, ctx.actor?.isSuperuser === true);
      const answer = { ...present(mail), contentState };
      if (contentState !== 'shown') return { ...answer, content: null };
      const content = readContent(secrets, mail);
      if (!mail.isSensitive) return { ...answer, content };
      return ctx.transaction(async (tx) => {
        await ctx.audit(tx, { subject: `mail:${id}`, after: { isRead: true } });
        return { ...answer, content };
      });
    },
  });

/** Only where no server is configured is a sensitive mail there to be read; then by whoever may do everything anyway. */
const judge = ({ isSensitive, sealed, state }: MailRow, isSuperuser: boolean): 'shown' | 'hidden' | 'erased' => {
  if (!isSensitive) return 'shown';
  if (sealed === null) return 'erased';
  return state === 'captured' && isSuperuser ? 'shown' : 'hidden';
};

const present = (mail: MailRow) => {
  const { id, recipient: to, template, locale, uniqueKey, isSensitive, state, error } = mail;
  const times = { createdAt: mail.createdAtText, finishedAt: mail.finishedAtText };
  return { id, to, template, locale, uniqueKey, isSensitive, state, error, ...times };
};
