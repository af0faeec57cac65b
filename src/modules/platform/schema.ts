import { sql } from 'drizzle-orm';
import { boolean, check, customType, integer, jsonb, pgSchema, text, unique } from 'drizzle-orm/pg-core';

import { createdAt, id, instant } from '#kernel/database/columns.ts';
import { mailLocales } from '#kernel/mail/mail-template.ts';
import { mailStates } from './domain/mail.ts';

export const platform = pgSchema('platform');

const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' });

/** What administrators set in place of the defaults, which stand in the code. */
export const settings = platform.table(
  'settings',
  {
    key: text().primaryKey(),
    /** Null: the default holds again. The row stays, so that versions only grow. */
    value: jsonb(),
    version: integer().notNull(),
    updatedAt: instant().notNull().defaultNow(),
  },
  (table) => [check('settings_version_check', sql`${table.version} >= 1`)],
);

export const mails = platform.table(
  'mails',
  {
    id: id(),
    uniqueKey: text().notNull(),
    template: text().notNull(),
    locale: text({ enum: mailLocales }).notNull(),
    recipient: text().notNull(),
    isSensitive: boolean().notNull(),
    subject: text(),
    textBody: text(),
    htmlBody: text(),
    /** Subject and bodies of a sensitive mail; null once it was sent. */
    sealed: bytes(),
    state: text({ enum: mailStates }).notNull().default('queued'),
    /** Raised each time that it is sent again: an earlier order to deliver it is void then. */
    delivery: integer().notNull().default(1),
    error: text(),
    createdAt: createdAt(),
    finishedAt: instant(),
  },
  (table) => [
    unique('mails_unique_key_key').on(table.uniqueKey),
    check('mails_state_check', sql`${table.state} in ('queued', 'sent', 'captured', 'failed')`),
    check(
      'mails_content_check',
      sql`case when ${table.isSensitive} then num_nonnulls(${table.subject}, ${table.textBody}, ${table.htmlBody}) = 0 else ${table.sealed} is null and num_nonnulls(${table.subject}, ${table.textBody}, ${table.htmlBody}) = 3 end`,
    ),
  ],
);
