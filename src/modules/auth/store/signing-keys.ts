import { sql } from 'drizzle-orm';

import type { Db, Tx } from '#kernel/database/database.ts';
import { signingKeys } from '../schema.ts';

export type SigningKeyRow = typeof signingKeys.$inferSelect;

export const listSigningKeys = (db: Db): Promise<SigningKeyRow[]> =>
  db.select().from(signingKeys).orderBy(signingKeys.createdAt, signingKeys.kid);

/** Whoever makes or moves keys holds it until the transaction ends. */
export const lockSigningKeys = async (tx: Tx): Promise<void> => {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('auth.signing_keys', 0))`);
};

export const insertSigningKeys = async (tx: Tx, rows: readonly (typeof signingKeys.$inferInsert)[]): Promise<void> => {
  await tx.insert(signingKeys).values([...rows]);
};
