import { sql } from 'drizzle-orm';
import { check, integer, jsonb, pgSchema, text } from 'drizzle-orm/pg-core';

import { instant } from '#kernel/database/columns.ts';

export const platform = pgSchema('platform');

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
