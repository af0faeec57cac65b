import { z } from 'zod';

import { mailLocales } from '#kernel/mail/mail-template.ts';
import { mailStates } from '../domain/mail.ts';

export const mailSummary = z.object({
  id: z.uuid(),
  to: z.string(),
  template: z.string(),
  locale: z.enum(mailLocales),
  isSensitive: z.boolean(),
  subject: z.string().nullable(),
  state: z.enum(mailStates),
  error: z.string().nullable(),
  createdAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
});

export const mailDetails = mailSummary.omit({ subject: true }).extend({
  uniqueKey: z.string(),
  contentState: z.enum(['shown', 'hidden', 'erased']),
  content: z.object({ subject: z.string(), text: z.string(), html: z.string() }).nullable(),
});
