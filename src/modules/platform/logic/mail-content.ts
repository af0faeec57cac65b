import { z } from 'zod';

import { AppError } from '#kernel/error.ts';
import type { Html } from '#kernel/mail/html.ts';
import { type ComposedMail, openMailParams } from '#kernel/mail/compose-mail.ts';
import type { MailTemplate } from '#kernel/mail/mail-template.ts';
import type { Place } from '#kernel/secrets/place.ts';
import type { SealedTable } from '#kernel/secrets/sealed-table.ts';
import type { Secrets } from '#kernel/secrets/secrets.ts';
import { type MailContent, toSubject } from '../domain/mail.ts';
import type { StoredMail } from '../store/mails.ts';

type Stored = Pick<StoredMail, 'subject' | 'textBody' | 'htmlBody' | 'sealed'>;

/** Writes the mail. Throws what kills the task if its params are wrong, and what is tried again if no template is known. */
export const renderMail = (
  templates: readonly MailTemplate[],
  secrets: Pick<Secrets, 'open'>,
  mail: ComposedMail,
): MailContent => {
  const template = templates.find(({ name }) => name === mail.template);
  if (template === undefined) throw templateUnknown(mail.template);
  const params = template.params.safeParse(openMailParams(secrets, mail));
  if (!params.success) throw paramsInvalid(mail.template, params.error);
  const { subject, text, html } = template[mail.locale](params.data);
  return { subject: toSubject(subject), text, html: toPage(mail.locale, html) };
};

const toPage = (locale: string, { markup }: Html): string =>
  `<!doctype html>\n<html lang="${locale}"><head><meta charset="utf-8"></head><body>${markup}</body></html>\n`;

/** As it is kept: a sensitive one encrypted, its subject too. */
export const toStored = (
  secrets: Pick<Secrets, 'seal'>,
  { id, isSensitive, content }: { readonly id: string; readonly isSensitive: boolean; readonly content: MailContent },
): Stored => {
  const { subject, text, html } = content;
  if (!isSensitive) return { subject, textBody: text, htmlBody: html, sealed: null };
  const sealed = secrets.seal(Buffer.from(JSON.stringify(content)), placeOf(id));
  return { subject: null, textBody: null, htmlBody: null, sealed };
};

/** Null once it is erased. */
export const readContent = (secrets: Pick<Secrets, 'open'>, mail: StoredMail): MailContent | null => {
  const { id, subject, textBody, htmlBody, sealed } = mail;
  if (sealed !== null) return contentShape.parse(JSON.parse(secrets.open(sealed, placeOf(id)).toString('utf8')));
  if (subject === null || textBody === null || htmlBody === null) return null;
  return { subject, text: textBody, html: htmlBody };
};

const contentShape = z.object({ subject: z.string(), text: z.string(), html: z.string() });

export const sealedMailTable: SealedTable = { table: 'platform.mails', column: 'sealed', id: 'id', version: 1 };

const placeOf = (id: string): Place => ({ table: sealedMailTable.table, id, version: 1 });

/** During a rolling deploy another process may know it. */
const templateUnknown = (name: string): AppError =>
  new AppError('MAIL_TEMPLATE_UNKNOWN', {
    kind: 'unavailable',
    details: { message: `no module of this release has a mail template ${name}` },
  });

const paramsInvalid = (name: string, cause: unknown): AppError =>
  new AppError('MAIL_PARAMS_INVALID', {
    kind: 'invalid',
    details: { message: `the params do not fit the mail template ${name}` },
    cause,
  });
