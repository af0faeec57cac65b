import { sql } from 'drizzle-orm';

import type { Db, Tx } from './database.ts';
import { prepared, type Slots } from './prepared.ts';

export type RootSecretRow = {
  readonly sealed: Buffer;
  /** Grows with each master key, so that the older of two notices is known. */
  readonly generation: number;
};

const find = prepared(
  'kernel.find-root-secret',
  () => sql<RootSecretRow>`select sealed, generation from kernel.root_secret`,
);

export const findRootSecret = async (db: Db): Promise<RootSecretRow | null> => (await find(db))[0] ?? null;

/** Changes nothing if there is one. */
export const insertRootSecret = prepared(
  'kernel.insert-root-secret',
  (_db, value: Slots<{ sealed: Buffer }>) => sql`
    insert into kernel.root_secret (sealed, generation) values (${value.sealed}, 1) on conflict do nothing`,
);

const update = prepared(
  'kernel.update-root-secret',
  (_db, value: Slots<RootSecretRow>) => sql<{ readonly generation: number }>`
    update kernel.root_secret
       set sealed = ${value.sealed}, generation = generation + 1, rotated_at = now()
     where generation = ${value.generation}
    returning generation`,
);

/** Answers the new generation; null if the row is of another generation than the given one. */
export const updateRootSecret = async (tx: Tx, row: RootSecretRow): Promise<number | null> =>
  (await update(tx, row))[0]?.generation ?? null;

/** Whoever changes master keys or their files holds it until the transaction ends. */
export const lockMasterKey = prepared(
  'kernel.lock-master-key',
  () => sql`select pg_advisory_xact_lock(hashtextextended('kernel.root_secret', 0))`,
);
