import { hkdfSync, randomBytes } from 'node:crypto';

import type { Database } from '../database/database.ts';
import { findRootSecret, insertRootSecret, type RootSecretRow } from '../database/root-secret.ts';
import { AppError } from '../error.ts';
import type { MasterKeySource } from './key-source.ts';
import { type Keyring, openKeyring } from './keyring.ts';
import { contextOf, type Place } from './place.ts';
import { keyIdOfSealed, type Sealer } from './sealer.ts';

/** Keeps values that the database stores but must not know. What keeps them is listed in the `sealed` of its module. */
export type Secrets = {
  /** Answers 97 bytes more than the plaintext has, different each time. */
  seal(plaintext: Uint8Array, at: Place): Buffer;
  /** Throws MASTER_KEY_WRONG if an unknown master key sealed it, SECRET_UNREADABLE if it was changed or moved. */
  open(sealed: Uint8Array, at: Place): Buffer;
  /**
   * 32 bytes for `purpose`, the same in every process and after a change of the master key (HKDF-SHA-256, RFC 5869, from
   * a random root secret that the master key seals).
   */
  derive(purpose: string): Buffer;
  /** The same value under the master key that seals now; null if it is under that one already. Throws as `open`. */
  rewrap(sealed: Uint8Array, at: Place): Buffer | null;
  /** The master key that seals now: 16 hexadecimal digits. */
  readonly keyId: string;
  /** From now on seals with the key that wraps this root secret, unless a newer one is known. Throws MASTER_KEY_WRONG. */
  follow(row: RootSecretRow): void;
};

export const rootSecretPlace: Place = { table: 'kernel.root_secret', id: '1', version: 1 };

type Given = { readonly keyring: Keyring; readonly root: RootSecretRow };

/** Throws MASTER_KEY_WRONG unless the ring has the key that seals the root secret. */
export const createSecrets = ({ keyring, root }: Given): Secrets => {
  const rootSecret = openWith(keyring, root.sealed, rootSecretPlace);
  let sealer = needSealer(keyring, root.sealed, rootSecretPlace);
  let { generation } = root;
  return {
    derive: (purpose) => Buffer.from(hkdfSync('sha256', rootSecret, '', `ashlar ${purpose}`, 32)),
    seal: (plaintext, at) => sealer.seal(plaintext, contextOf(at)),
    open: (sealed, at) => openWith(keyring, sealed, at),
    rewrap: (sealed, at) => {
      if (keyIdOfSealed(sealed) === sealer.keyId) return null;
      return needSealer(keyring, sealed, at).rewrap(sealed, contextOf(at), sealer) ?? refuse(secretUnreadable(at));
    },
    get keyId() {
      return sealer.keyId;
    },
    follow: (row) => {
      if (row.generation <= generation) return;
      sealer = needSealer(keyring, row.sealed, rootSecretPlace);
      ({ generation } = row);
    },
  };
};

export type OpenedSecrets = {
  readonly secrets: Secrets;
  readonly keyring: Keyring;
  /** Where the master key is kept that nobody gave; null: the configuration gives it. */
  readonly generatedAt: string | null;
};

/** The keys that the sources hold, and the root secret; makes on the first start what is not there. */
export const openSecrets = async (source: MasterKeySource, database: Database): Promise<OpenedSecrets> => {
  const present = await findRootSecret(database.lanes);
  // A new key would open nothing of what is there, and hide that the right one is gone.
  const keyring = openKeyring(source, { mayCreate: present === null });
  const root = present ?? (await makeRootSecret(keyring, database));
  const isGiven = source.masterKey !== null || source.masterKeyFile !== null;
  return { keyring, secrets: createSecrets({ keyring, root }), generatedAt: isGiven ? null : source.generateAt };
};

const makeRootSecret = async ({ newest }: Keyring, database: Database): Promise<RootSecretRow> => {
  const sealed = newest.seal(randomBytes(32), contextOf(rootSecretPlace));
  await database.transaction((tx) => insertRootSecret(tx, { sealed }));
  // Another process may have been first: then its row stands.
  return (await findRootSecret(database.lanes)) ?? { sealed, generation: 1 };
};

const openWith = (keyring: Keyring, sealed: Uint8Array, at: Place): Buffer => {
  const result = needSealer(keyring, sealed, at).open(sealed, contextOf(at));
  return result.outcome === 'opened' ? result.plaintext : refuse(secretUnreadable(at));
};

/** Of the key that sealed the value. */
const needSealer = (keyring: Keyring, sealed: Uint8Array, at: Place): Sealer => {
  const keyId = keyIdOfSealed(sealed) ?? refuse(secretUnreadable(at));
  return keyring.find(keyId) ?? refuse(masterKeyWrong(at));
};

const refuse = (error: AppError): never => {
  throw error;
};

const masterKeyWrong = ({ table, id }: Place): AppError => {
  const where = 'secrets.masterKey, secrets.masterKeyFile, or keys/master.key in the data directory';
  const message = `${table} ${id} was sealed with another master key; give the one that this database was last used with (${where}), or if it is being replaced, that one as secrets.previousMasterKey`;
  return new AppError('MASTER_KEY_WRONG', { kind: 'conflict', details: { message } });
};

const secretUnreadable = ({ table, id }: Place): AppError => {
  const message = `${table} ${id} cannot be opened: it was changed, or belongs elsewhere; restore the row from a backup`;
  return new AppError('SECRET_UNREADABLE', { kind: 'conflict', details: { message } });
};
