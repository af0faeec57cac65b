import { and, isNotNull, lt, sql } from 'drizzle-orm';

import type { Tx } from '#kernel/database/database.ts';
import { mails } from '../schema.ts';

const batch = 1_000;

/** What was sensitive and not sent. True: there is more. */
export const eraseOldMails = async (tx: Tx, before: Date): Promise<boolean> => {
  const old = tx
    .select({ id: mails.id })
    .from(mails)
    .where(and(lt(mails.createdAt, before), isNotNull(mails.sealed)))
    .limit(batch);
  const erased = await tx
    .update(mails)
    .set({ sealed: null })
    .where(sql`${mails.id} in ${old}`)
    .returning({ id: mails.id });
  return erased.length === batch;
};

/** True: there are more. */
export const deleteOldMails = async (tx: Tx, before: Date): Promise<boolean> => {
  const old = tx.select({ id: mails.id }).from(mails).where(lt(mails.createdAt, before)).limit(batch);
  const gone = await tx
    .delete(mails)
    .where(sql`${mails.id} in ${old}`)
    .returning({ id: mails.id });
  return gone.length === batch;
};
