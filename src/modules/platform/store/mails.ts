import { and, desc, eq, lt, sql } from 'drizzle-orm';

import { isoText } from '#kernel/database/columns.ts';
import type { Db, Tx } from '#kernel/database/database.ts';
import { prepared, type Slots } from '#kernel/database/prepared.ts';
import type { MailState } from '../domain/mail.ts';
import { mails } from '../schema.ts';

type NewMail = Pick<
  typeof mails.$inferSelect,
  | 'id'
  | 'uniqueKey'
  | 'template'
  | 'locale'
  | 'recipient'
  | 'isSensitive'
  | 'subject'
  | 'textBody'
  | 'htmlBody'
  | 'sealed'
  | 'createdAt'
>;

/** False if there is a mail for this unique key already. */
export const insertMail = async (tx: Tx, mail: NewMail): Promise<boolean> => {
  const inserted = await tx
    .insert(mails)
    .values(mail)
    .onConflictDoNothing({ target: mails.uniqueKey })
    .returning({ id: mails.id });
  return inserted.length > 0;
};

const content = {
  id: mails.id,
  recipient: mails.recipient,
  isSensitive: mails.isSensitive,
  subject: mails.subject,
  textBody: mails.textBody,
  htmlBody: mails.htmlBody,
  sealed: mails.sealed,
  state: mails.state,
  createdAt: mails.createdAt,
};

export type StoredMail = Pick<typeof mails.$inferSelect, keyof typeof content>;

/** No row: it was delivered since, is to be delivered anew, or is gone. */
export const findMailToDeliver = prepared(
  'platform.find-mail-to-deliver',
  (db, value: Slots<{ id: string; delivery: number }>) =>
    db
      .select(content)
      .from(mails)
      .where(
        and(eq(mails.id, value.id), eq(mails.delivery, value.delivery), sql`${mails.state} in ('queued', 'failed')`),
      ),
);

export const findMail = async (db: Db, id: string) => {
  const [row] = await db
    .select({
      ...content,
      template: mails.template,
      locale: mails.locale,
      uniqueKey: mails.uniqueKey,
      error: mails.error,
      createdAtText: isoText(mails.createdAt),
      finishedAtText: isoText(mails.finishedAt),
    })
    .from(mails)
    .where(eq(mails.id, id));
  return row ?? null;
};

export type MailRow = NonNullable<Awaited<ReturnType<typeof findMail>>>;

type Filter = {
  readonly state: MailState | undefined;
  readonly recipient: string | undefined;
  readonly template: string | undefined;
};

type Page = { readonly before: string | null; readonly limit: number };

/** Newest first, older than `before`. */
export const listMails = (db: Db, { state, recipient, template }: Filter, { before, limit }: Page) =>
  db
    .select({
      id: mails.id,
      to: mails.recipient,
      template: mails.template,
      locale: mails.locale,
      isSensitive: mails.isSensitive,
      subject: mails.subject,
      state: mails.state,
      error: mails.error,
      createdAt: isoText(mails.createdAt),
      finishedAt: isoText(mails.finishedAt),
    })
    .from(mails)
    .where(
      and(
        state === undefined ? undefined : eq(mails.state, state),
        recipient === undefined ? undefined : eq(mails.recipient, recipient),
        template === undefined ? undefined : eq(mails.template, template),
        before === null ? undefined : lt(mails.id, before),
      ),
    )
    .orderBy(desc(mails.id))
    .limit(limit);

type Delivered = {
  readonly id: string;
  readonly delivery: number;
  readonly state: 'sent' | 'captured';
  readonly now: Date;
};

/** What is sensitive is erased once it was sent; what was captured is there to be read. */
export const updateMailDelivered = async (tx: Tx, { id, delivery, state, now }: Delivered): Promise<void> => {
  await tx
    .update(mails)
    .set({ state, error: null, finishedAt: now, ...(state === 'sent' && { sealed: null }) })
    .where(and(eq(mails.id, id), eq(mails.delivery, delivery)));
};

type Failed = {
  readonly id: string;
  readonly delivery: number;
  /** Null: it is tried again. */
  readonly finishedAt: Date | null;
  readonly error: string;
};

export const updateMailFailed = async (tx: Tx, { id, delivery, finishedAt, error }: Failed): Promise<void> => {
  await tx
    .update(mails)
    .set({ state: finishedAt === null ? 'queued' : 'failed', error, finishedAt })
    .where(and(eq(mails.id, id), eq(mails.delivery, delivery)));
};

/** Answers the number of the new delivery; null if it is on its way already, was erased, or is not there. */
export const updateMailQueued = async (tx: Tx, id: string): Promise<number | null> => {
  const [row] = await tx
    .update(mails)
    .set({ state: 'queued', error: null, finishedAt: null, delivery: sql`${mails.delivery} + 1` })
    .where(
      and(
        eq(mails.id, id),
        sql`${mails.state} <> 'queued'`,
        sql`(${mails.sealed} is not null or not ${mails.isSensitive})`,
      ),
    )
    .returning({ delivery: mails.delivery });
  return row?.delivery ?? null;
};
