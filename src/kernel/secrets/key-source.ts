import { AppError } from '../error.ts';
import { createKeyFile, nextKeyFile, previousKeyFile, readKeyFile } from './key-file.ts';
import { howToMakeOne, invalidKey, parseKey } from './master-key.ts';

export type MasterKeySource = {
  /** 32 bytes as base64 (`openssl rand -base64 32`), base64url or hex. Null: not given. */
  readonly masterKey: string | null;
  /** A file that holds such text and that only its owner may read. */
  readonly masterKeyFile: string | null;
  /** What was the master key until now, while a rotation has not ended. */
  readonly previousMasterKey: string | null;
  readonly previousMasterKeyFile: string | null;
  /** Where a key is kept that nobody gave: read, or made with the first start. Null: a key must be given. */
  readonly generateAt: string | null;
};

export type MasterKeys = {
  /** What a rotation leads to. */
  readonly newest: Buffer;
  /** What else opens values. */
  readonly others: readonly Buffer[];
};

/**
 * Reads every key again each time. `mayCreate`: where nobody gave one, and nothing is sealed yet. Throws
 * MASTER_KEY_MISSING or MASTER_KEY_INVALID, which say what to do.
 */
export const readMasterKeys = (source: MasterKeySource, mayCreate: boolean): MasterKeys => {
  const given = readGiven(source.masterKey, source.masterKeyFile, 'secrets.masterKey');
  const previous = readGiven(source.previousMasterKey, source.previousMasterKeyFile, 'secrets.previousMasterKey');
  if (given !== null) return { newest: given, others: previous === null ? [] : [previous] };
  if (source.generateAt === null) {
    throw missing(`a master key is needed: set secrets.masterKey or secrets.masterKeyFile; ${howToMakeOne}`);
  }
  const [newest = mayCreate ? createKeyFile(source.generateAt) : null, ...others] = readGenerated(source.generateAt);
  if (newest === null) {
    throw missing(`${source.generateAt} is gone, and with it what this database has sealed: put your copy of it back`);
  }
  return { newest, others: previous === null ? others : [...others, previous] };
};

const missing = (message: string): AppError =>
  new AppError('MASTER_KEY_MISSING', { kind: 'conflict', details: { message } });

const readGiven = (text: string | null, path: string | null, name: string): Buffer | null => {
  if (text !== null) return parseKey(text, name);
  return path === null ? null : (readKeyFile(path) ?? absent(path));
};

const absent = (path: string): never => {
  throw invalidKey(`there is no master key file ${path}; ${howToMakeOne}`);
};

/** In this order: a rotation may give the files other names meanwhile, and none must be missed. */
const readGenerated = (path: string): readonly Buffer[] =>
  [nextKeyFile(path), path, previousKeyFile(path)].map(readKeyFile).filter((key) => key !== null);
