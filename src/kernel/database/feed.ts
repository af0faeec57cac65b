import { type SQL, sql } from 'drizzle-orm';

import type { Tx } from './database.ts';
import { prepared, type Slots } from './prepared.ts';

/** How long notices are kept. */
export const feedKeptSeconds = 7_200;

export type NoticeRow = { readonly seq: number; readonly xid: number; readonly topic: string; readonly data: unknown };

/** From where a process reads on. */
export type FeedPosition = {
  /** Every notice of a lower transaction was seen; null: none was yet. */
  readonly mark: number | null;
  /** Notices above the mark that were applied. */
  readonly applied: readonly number[];
  /** Nothing older, in seconds; null: of any age. */
  readonly windowSeconds: number | null;
};

/**
 * For the pulse: what is visible now, and the mark for the next time. A transaction below the mark has ended and was
 * visible, or rolled back: so nothing is skipped however late somebody commits.
 */
export const feedColumns = (value: Slots<FeedPosition>): SQL => sql`
  kernel.oldest_xid()::float8 as mark,
  (select coalesce(
      json_agg(json_build_object('seq', f.seq, 'xid', f.xid, 'topic', f.topic, 'data', f.data) order by f.seq), '[]')
    from kernel.feed f
    where f.xid >= coalesce(${value.mark}::bigint, 0) and f.seq <> all(${value.applied}::bigint[])
      and (${value.windowSeconds}::float8 is null
        or f.created_at > now() - make_interval(secs => ${value.windowSeconds}::float8))) as notices`;

export const insertNotice = prepared(
  'kernel.insert-notice',
  (_db, value: Slots<{ readonly topic: string; readonly data: string }>) => sql<{
    readonly seq: number;
    readonly xid: number;
  }>`
    insert into kernel.feed (topic, data) values (${value.topic}, ${value.data}::text::json)
    returning seq::float8 as seq, xid::float8 as xid`,
);

const maxAtOnce = 10_000;

/** The oldest first; answers how many. */
export const dropOldNotices = async (tx: Tx): Promise<number> => {
  const rows = await tx.execute(sql`
    delete from kernel.feed where seq in (
      select seq from kernel.feed where created_at < now() - make_interval(secs => ${feedKeptSeconds})
      order by created_at limit ${maxAtOnce})
    returning 1`);
  return rows.length;
};
