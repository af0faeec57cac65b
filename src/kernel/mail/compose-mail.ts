import type { z } from 'zod';

import { kernelError } from '../error.ts';
import type { Place } from '../secrets/place.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { MailLocale, MailTemplate } from './mail-template.ts';

type Mail<P extends z.ZodObject> = {
  /** One address, without a name. */
  readonly to: string;
  readonly params: z.input<P>;
  /** Of the reader, a BCP 47 tag; null, and whatever there is no translation for, is English. */
  readonly locale: string | null;
  /** There is one mail for it, however often it is asked for. Begin it with what it is about: `password-reset:<id>`. */
  readonly uniqueKey: string;
};

type Addressed = {
  readonly to: string;
  readonly template: string;
  readonly locale: MailLocale;
  readonly uniqueKey: string;
};

export type ComposedMail = Addressed &
  (
    | { readonly sensitive: false; readonly params: Readonly<Record<string, unknown>> }
    | { readonly sensitive: true; readonly params: string }
  );

/**
 * The payload of the contract `sendMail` of the platform:
 *
 *     await kernel.tasks.enqueue(tx, sendMail, composeMail(kernel.secrets, passwordReset, { to, params, locale, uniqueKey }));
 *
 * The params of a sensitive template are sealed, since a task can be looked at. INPUT_INVALID: they do not fit the template.
 */
export const composeMail = <P extends z.ZodObject>(
  secrets: Pick<Secrets, 'seal'>,
  { name, params: shape, isSensitive }: MailTemplate<P>,
  { to, params, locale, uniqueKey }: Mail<P>,
): ComposedMail => {
  const parsed = shape.safeParse(params);
  if (!parsed.success) throw paramsInvalid(name, parsed.error);
  const addressed = { to, template: name, locale: toLocale(locale), uniqueKey };
  // What is enqueued is parsed again, so it is what was given and not what that became.
  if (!isSensitive) return { ...addressed, sensitive: false, params };
  const sealed = secrets.seal(Buffer.from(JSON.stringify(params)), placeOf(uniqueKey));
  return { ...addressed, sensitive: true, params: sealed.toString('base64url') };
};

/** What the sender gave, for the template to parse. */
export const openMailParams = (
  secrets: Pick<Secrets, 'open'>,
  { sensitive, params, uniqueKey }: ComposedMail,
): unknown =>
  sensitive ? JSON.parse(secrets.open(Buffer.from(params, 'base64url'), placeOf(uniqueKey)).toString('utf8')) : params;

const placeOf = (uniqueKey: string): Place => ({ table: 'platform.mail_params', id: uniqueKey, version: 1 });

const toLocale = (locale: string | null): MailLocale => (/^th\b/i.test(locale ?? '') ? 'th' : 'en');

const paramsInvalid = (name: string, cause: unknown) =>
  kernelError('INPUT_INVALID', { details: { message: `the params do not fit the mail template ${name}` }, cause });
