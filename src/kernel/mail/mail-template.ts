import type { z } from 'zod';

import type { Html } from './html.ts';

export const mailLocales = ['en', 'th'] as const;
export type MailLocale = (typeof mailLocales)[number];

/** One mail in one language. `text` says the same as `html`, for those who read no HTML. */
export type MailText = { readonly subject: string; readonly text: string; readonly html: Html };

/** What a module writes to people. It stands in `mailTemplates` of the module's value. */
export type MailTemplate<P extends z.ZodObject = z.ZodObject> = {
  /** `module.kebab-case` */
  readonly name: string;
  readonly params: P;
  /** It holds what nobody else may read, such as a link that signs in: stored encrypted, and erased once it is sent. */
  readonly isSensitive: boolean;
  en(params: z.output<P>): MailText;
  th(params: z.output<P>): MailText;
};

export const mailTemplate = <P extends z.ZodObject>(template: MailTemplate<P>): MailTemplate<P> => template;
