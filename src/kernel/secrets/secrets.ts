import { hkdfSync } from 'node:crypto';

import { AppError } from '../error.ts';
import { loadMasterKey, type MasterKeySource } from './master-key.ts';
import { createSealer } from './sealer.ts';

/** Where a sealed value is kept; it opens nowhere else, so that ciphertexts cannot be swapped between rows. */
export type Place = {
  /** `module.table` */
  readonly table: string;
  readonly id: string;
  /** Of the value; a writer that counts it up makes older ciphertexts worthless. */
  readonly version: number;
};

/** Keeps values that the database stores but must not know. */
export type Secrets = {
  /** Answers 97 bytes more than the plaintext has, different each time. */
  seal(plaintext: Uint8Array, at: Place): Buffer;
  /** Throws MASTER_KEY_WRONG if another master key sealed it, SECRET_UNREADABLE if it was changed or moved. */
  open(sealed: Uint8Array, at: Place): Buffer;
  /**
   * 32 bytes for `purpose`, the same in every process with this master key (HKDF-SHA-256, RFC 5869). Another master key
   * derives others: only for what may be forgotten then.
   */
  derive(purpose: string): Buffer;
};

/** Throws MASTER_KEY_MISSING or MASTER_KEY_INVALID, which say what to do; never the key. */
export const openSecrets = async (source: MasterKeySource): Promise<Secrets> => {
  const masterKey = await loadMasterKey(source);
  const sealer = createSealer(masterKey);
  return {
    derive: (purpose) => Buffer.from(hkdfSync('sha256', masterKey, '', `ashlar ${purpose}`, 32)),
    seal: (plaintext, at) => sealer.seal(plaintext, contextOf(at)),
    open: (sealed, at) => {
      const result = sealer.open(sealed, contextOf(at));
      if (result.outcome === 'opened') return result.plaintext;
      throw result.outcome === 'other_key' ? masterKeyWrong(at) : secretUnreadable(at);
    },
  };
};

const contextOf = ({ table, id, version }: Place): Buffer => Buffer.from(JSON.stringify([table, id, version]));

const masterKeyWrong = ({ table, id }: Place): AppError => {
  const where = 'secrets.masterKey, secrets.masterKeyFile, or keys/master.key in the data directory';
  const message = `${table} ${id} was sealed with another master key; give the one that this database was first started with (${where})`;
  return new AppError('MASTER_KEY_WRONG', { kind: 'conflict', details: { message } });
};

const secretUnreadable = ({ table, id }: Place): AppError => {
  const message = `${table} ${id} cannot be opened: it was changed, or belongs elsewhere; restore the row from a backup`;
  return new AppError('SECRET_UNREADABLE', { kind: 'conflict', details: { message } });
};
