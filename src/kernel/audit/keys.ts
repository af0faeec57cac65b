import type { Db } from '../database/database.ts';
import { insertAuditKey, listAuditKeys, type StoredKey } from '../database/audit-seals.ts';
import type { SealedTable } from '../secrets/sealed-table.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { generateSigningKey, readSigningKey, type SigningKey } from './seal.ts';

type KeySecrets = Pick<Secrets, 'open' | 'seal'>;

export const sealedKeyTable: SealedTable = {
  table: 'kernel.audit_keys',
  column: 'private_sealed',
  id: 'id',
  version: 1,
};

const placeOf = (id: string) => ({ table: sealedKeyTable.table, id, version: 1 });

/**
 * Every key, oldest first. The public half is read from the private one: whoever may write the table but lacks the
 * master key cannot bring in a key of his own. Throws MASTER_KEY_WRONG or SECRET_UNREADABLE.
 */
export const loadKeys = async (db: Db, secrets: KeySecrets): Promise<readonly SigningKey[]> =>
  (await listAuditKeys(db)).map((stored) => openKey(secrets, stored));

const openKey = (secrets: KeySecrets, { id, privateSealed }: StoredKey): SigningKey =>
  readSigningKey(secrets.open(privateSealed, placeOf(id)));

/** The newest; made if there is none. Only for whoever holds the lock of the sealer. */
export const ensureKey = async (db: Db, secrets: KeySecrets): Promise<SigningKey> => {
  const newest = (await loadKeys(db, secrets)).at(-1);
  if (newest !== undefined) return newest;
  const { privateDer, ...made } = generateSigningKey();
  const privateSealed = secrets.seal(privateDer, placeOf(made.id));
  await insertAuditKey(db, { id: made.id, publicKey: made.publicKey, privateSealed });
  return made;
};
