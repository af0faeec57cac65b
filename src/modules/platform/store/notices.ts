import { sql } from 'drizzle-orm';

import type { Tx } from '#kernel/database/database.ts';
import { prepared, type Slots } from '#kernel/database/prepared.ts';

/** Until the commit nobody else counts or sends notices: there may be only so many a minute. */
export const lockNotices: (tx: Tx) => Promise<unknown> = prepared(
  'platform.lock-notices',
  () => sql`select pg_advisory_xact_lock(hashtextextended('platform.notices', 0))`,
);

/** How many were sent after this time. */
export const countNotices = prepared(
  'platform.count-notices',
  (_db, value: Slots<{ readonly since: Date }>) => sql<{ readonly sent: number }>`
    select (select count(*) from platform.error_groups where notified_at > ${value.since}::timestamptz)::int
         + (select count(*) from platform.alerts where notified_at > ${value.since}::timestamptz)::int as sent`,
);
