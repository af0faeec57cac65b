import { randomBytes } from 'node:crypto';
import { link, mkdir, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

import { AppError } from '../error.ts';

export type MasterKeySource = {
  /** 32 bytes as base64 (`openssl rand -base64 32`), base64url or hex. Null: not given. */
  readonly masterKey: string | null;
  /** A file that holds such text and that only its owner may read. */
  readonly masterKeyFile: string | null;
  /** Where a key is kept that nobody gave: read, or made with the first start. Null: a key must be given. */
  readonly generateAt: string | null;
};

const keyBytes = 32;
const howToMakeOne = 'make one with `openssl rand -base64 32`, and keep a copy apart from the backups';

/** The 32 bytes of the first source that is given. */
export const loadMasterKey = async ({ masterKey, masterKeyFile, generateAt }: MasterKeySource): Promise<Buffer> => {
  if (masterKey !== null) return parseKey(masterKey, 'secrets.masterKey');
  if (masterKeyFile !== null)
    return parseKey((await readKeyFile(masterKeyFile)) ?? absent(masterKeyFile), masterKeyFile);
  if (generateAt === null) {
    const message = `a master key is needed: set secrets.masterKey or secrets.masterKeyFile; ${howToMakeOne}`;
    throw new AppError('MASTER_KEY_MISSING', { kind: 'conflict', details: { message } });
  }
  return parseKey((await readKeyFile(generateAt)) ?? (await createKeyFile(generateAt)), generateAt);
};

const invalidKey = (message: string, cause?: unknown): AppError =>
  new AppError('MASTER_KEY_INVALID', { kind: 'conflict', details: { message }, cause });

const absent = (path: string): never => {
  throw invalidKey(`there is no master key file ${path}; ${howToMakeOne}`);
};

const forms = [
  { pattern: /^[A-Za-z0-9+/]{43}=?$/, encoding: 'base64' },
  { pattern: /^[\w-]{43}=?$/, encoding: 'base64url' },
  { pattern: /^[\da-f]{64}$/i, encoding: 'hex' },
] as const;

/** The 32 bytes; throws MASTER_KEY_INVALID, which names `source` and never the text. */
export const parseKey = (text: string, source: string): Buffer => {
  const trimmed = text.trim();
  const form = forms.find(({ pattern }) => pattern.test(trimmed));
  if (form === undefined) {
    const found = `the master key in ${source} has ${trimmed.length} characters that are no`;
    throw invalidKey(`${found} ${keyBytes} bytes as base64 (44 characters) or hex (64); ${howToMakeOne}`);
  }
  return Buffer.from(trimmed, form.encoding);
};

/** Null if there is no such file. */
const readKeyFile = async (path: string): Promise<string | null> => {
  try {
    await using file = await open(path, 'r');
    // Of the opened file: another could have taken its name in between.
    const { mode } = await file.stat();
    if ((mode & 0o077) !== 0) throw invalidKey(`other users may read the master key file ${path}; chmod 600 it`);
    return await file.readFile('utf8');
  } catch (thrown) {
    if (isFileError(thrown, 'ENOENT')) return null;
    if (thrown instanceof AppError) throw thrown;
    throw invalidKey(`the master key file ${path} cannot be read`, thrown);
  }
};

/** Several processes may start at once: the file appears whole, and only the first one's stays. */
const createKeyFile = async (path: string): Promise<string> => {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeDurably(draft, `${randomBytes(keyBytes).toString('base64')}\n`);
    await link(draft, path).catch((thrown: unknown) => {
      if (!isFileError(thrown, 'EEXIST')) throw thrown;
    });
    await syncDirectory(dirname(path));
  } catch (cause) {
    throw invalidKey(`a master key could not be written to ${path}`, cause);
  } finally {
    await rm(draft, { force: true });
  }
  return (await readKeyFile(path)) ?? absent(path);
};

const writeDurably = async (path: string, text: string): Promise<void> => {
  await using file = await open(path, 'wx', 0o600);
  await file.writeFile(text);
  await file.sync();
};

/** A key that a power cut takes back would leave sealed rows that nobody can open. */
const syncDirectory = async (path: string): Promise<void> => {
  await using directory = await open(path, 'r');
  await directory.sync();
};

const isFileError = (thrown: unknown, code: string): boolean =>
  thrown instanceof Error && 'code' in thrown && thrown.code === code;
