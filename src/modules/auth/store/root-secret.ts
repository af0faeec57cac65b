import type { Db, Tx } from '#kernel/database/database.ts';
import { rootSecret } from '../schema.ts';

export const findRootSecret = async (db: Db): Promise<Buffer | null> => {
  const [row] = await db.select({ sealed: rootSecret.sealed }).from(rootSecret);
  return row?.sealed ?? null;
};

/** Changes nothing if there is one. */
export const insertRootSecret = async (tx: Tx, sealed: Buffer): Promise<void> => {
  await tx.insert(rootSecret).values({ sealed }).onConflictDoNothing();
};
