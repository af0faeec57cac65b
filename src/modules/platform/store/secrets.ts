import { and, asc, desc, eq, gt, inArray, lte, sql } from 'drizzle-orm';

import { isoText } from '#kernel/database/columns.ts';
import type { Db, Tx } from '#kernel/database/database.ts';
import { prepared, type Slots } from '#kernel/database/prepared.ts';
import { secrets, secretVersions } from '../schema.ts';

/** A named secret without its value. */
export type SecretRow = {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly allowedHosts: string[] | null;
  readonly version: number;
  /** ISO 8601 */
  readonly createdAt: string;
  readonly updatedAt: string;
};

const columns = {
  id: secrets.id,
  name: secrets.name,
  description: secrets.description,
  allowedHosts: secrets.allowedHosts,
  version: secrets.version,
  createdAt: isoText(secrets.createdAt),
  updatedAt: isoText(secrets.updatedAt),
};

/** By name, after `after`. */
export const listSecretRows = (db: Db, { after, limit }: { after: string; limit: number }): Promise<SecretRow[]> =>
  db.select(columns).from(secrets).where(gt(secrets.name, after)).orderBy(asc(secrets.name)).limit(limit);

/** The versions that are kept of some secrets, newest first. */
export const listSecretVersions = (db: Db, ids: readonly string[]) =>
  db
    .select({
      secretId: secretVersions.secretId,
      version: secretVersions.version,
      createdAt: isoText(secretVersions.createdAt),
    })
    .from(secretVersions)
    .where(inArray(secretVersions.secretId, [...ids]))
    .orderBy(desc(secretVersions.version));

export const findSecretRow = async (db: Db, name: string): Promise<SecretRow | null> => {
  const [row] = await db.select(columns).from(secrets).where(eq(secrets.name, name));
  return row ?? null;
};

const findSealed = prepared('platform.find-sealed-secret', (db, value: Slots<{ name: string }>) =>
  db
    .select({
      id: secrets.id,
      version: secrets.version,
      allowedHosts: secrets.allowedHosts,
      sealed: secretVersions.sealed,
    })
    .from(secrets)
    .innerJoin(
      secretVersions,
      and(eq(secretVersions.secretId, secrets.id), eq(secretVersions.version, secrets.version)),
    )
    .where(eq(secrets.name, value.name)),
);

/** The value that holds. */
export const findSealedSecret = async (db: Db, name: string) => (await findSealed(db, { name }))[0] ?? null;

export const lockSecret = async (tx: Tx, name: string): Promise<SecretRow | null> => {
  const [row] = await tx.select(columns).from(secrets).where(eq(secrets.name, name)).for('update');
  return row ?? null;
};

type NewSecret = Pick<SecretRow, 'id' | 'name' | 'description' | 'allowedHosts'>;

/** False if the name is taken. */
export const insertSecret = async (tx: Tx, secret: NewSecret): Promise<boolean> => {
  const rows = await tx.insert(secrets).values(secret).onConflictDoNothing().returning({ id: secrets.id });
  return rows.length > 0;
};

type Change = Pick<SecretRow, 'id' | 'description' | 'allowedHosts' | 'version'>;

export const updateSecretRow = async (tx: Tx, { id, ...change }: Change): Promise<void> => {
  await tx
    .update(secrets)
    .set({ ...change, updatedAt: sql`now()` })
    .where(eq(secrets.id, id));
};

type NewVersion = { readonly id: string; readonly secretId: string; readonly version: number; readonly sealed: Buffer };

export const insertSecretVersion = async (tx: Tx, version: NewVersion): Promise<void> => {
  await tx.insert(secretVersions).values(version);
};

/** Forgets the versions up to this one. */
export const deleteSecretVersions = async (tx: Tx, secretId: string, upTo: number): Promise<void> => {
  await tx.delete(secretVersions).where(and(eq(secretVersions.secretId, secretId), lte(secretVersions.version, upTo)));
};

/** With all its versions. */
export const deleteSecretRow = async (tx: Tx, id: string): Promise<void> => {
  await tx.delete(secrets).where(eq(secrets.id, id));
};
