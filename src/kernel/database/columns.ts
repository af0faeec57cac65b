import { type AnyColumn, type SQL, sql } from 'drizzle-orm';
import { timestamp, uuid } from 'drizzle-orm/pg-core';

/** A UUIDv7 that the program makes (`newId`), so that a row's id is known before it is written. */
export const id = () => uuid().primaryKey();

/**
 * A moment, to the millisecond: a JavaScript Date holds no more, so a cursor or a comparison made from a value that
 * was read finds the same row again.
 */
export const instant = () => timestamp({ withTimezone: true, precision: 3, mode: 'date' });

export const createdAt = () => instant().notNull().defaultNow();

/**
 * A moment as ISO 8601 text in UTC, `2026-01-02T03:04:05.678Z`, straight from PostgreSQL; null stays null. For lists:
 * making Dates only to write them as JSON again is slow.
 */
export const isoText = (column: AnyColumn): SQL<string> =>
  sql<string>`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
