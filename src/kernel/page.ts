import { z } from 'zod';

import { kernelError } from './error.ts';

/** The query of every list. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(512).optional(),
};

/** `{items, nextCursor}`; a null cursor means that this was the last page. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });

export type Page<T> = { readonly items: readonly T[]; readonly nextCursor: string | null };

/** Packs the sort key of a page's last row; opaque to callers. */
export const encodeCursor = (key: readonly unknown[]): string => Buffer.from(JSON.stringify(key)).toString('base64url');

/** Reads a cursor back as the key that `shape` describes; INPUT_INVALID if it was not made by this list. */
export const decodeCursor = <T>(cursor: string | undefined, shape: z.ZodType<T>): T | null => {
  if (cursor === undefined) return null;
  const parsed = shape.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString('utf8')));
  if (parsed.success) return parsed.data;
  throw kernelError('INPUT_INVALID', { details: { fields: { cursor: ['is not a cursor of this list'] } } });
};

/**
 * Cuts rows to a page. Ask the store for `limit + 1` rows: the extra row only tells that there are more.
 * `keyOf` gives the sort key of a row, which `decodeCursor` will read back.
 */
export const toPage = <T>(rows: readonly T[], limit: number, keyOf: (row: T) => readonly unknown[]): Page<T> => {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : null };
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
