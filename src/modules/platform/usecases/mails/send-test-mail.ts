import { z } from 'zod';

import { toAppError } from '#kernel/error.ts';
import { newId } from '#kernel/ids.ts';
import { composeMail } from '#kernel/mail/compose-mail.ts';
import { mailLocales } from '#kernel/mail/mail-template.ts';
import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { renderMail } from '../../logic/mail-content.ts';
import { testMail } from '../../logic/mails/test-mail.ts';

/** @see docs/modules/platform/usecases/send-test-mail.md */
export const sendTestMail = ({ kernel: { secrets, now }, mailer, publicUrl }: PlatformDeps) =>
  manualCommand({
    operationId: 'send-test-mail',
    summary: 'Hand a test mail to the SMTP server now, and tell what it answers',
    usage: 'mail test',
    input: z.object({
      to: z.email().max(254).describe('the address'),
      locale: z.enum(mailLocales).default('en').describe('en or th (default en)'),
    }),
    output: z.object({ messageId: z.string(), response: z.string() }),
    errors: { MAIL_DRIVER_OUTBOX: 'conflict', MAIL_NOT_ACCEPTED: 'unavailable' },
    render: ({ messageId, response }) => `Accepted: ${response}\nMessage-ID: ${messageId}`,

    async execute(ctx, { to, locale }, fail) {
      const id = newId();
      const mail = composeMail(secrets, testMail, { to, locale, params: { url: publicUrl }, uniqueKey: `test:${id}` });
      const outgoing = { ...renderMail([testMail], secrets, mail), id, to, createdAt: now() };
      const delivered = await mailer.deliver(outgoing, ctx.signal).catch((thrown: unknown) => {
        throw fail('MAIL_NOT_ACCEPTED', { message: toAppError(thrown).message });
      });
      if (delivered.state === 'captured') {
        const message = 'mail.driver is outbox, which sends nothing: set mail.driver, mail.smtpUrl and mail.from';
        throw fail('MAIL_DRIVER_OUTBOX', { message });
      }
      return { messageId: delivered.messageId, response: delivered.response };
    },
  });
