import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

import { AppError } from '../error.ts';
import { invalidKey, parseKey } from './master-key.ts';

/** Beside a key that nobody gave: the one that follows it while a rotation runs, and the one that it followed. */
export const nextKeyFile = (path: string): string => `${path}.next`;
export const previousKeyFile = (path: string): string => `${path}.previous`;

/** The key in a file that only its owner may read; null if there is no such file. */
export const readKeyFile = (path: string): Buffer | null => {
  const text = readText(path);
  return text === null ? null : parseKey(text, path);
};

const readText = (path: string): string | null => {
  let file: number | null = null;
  try {
    file = openSync(path, 'r');
    // Of the opened file: another could have taken its name in between.
    if ((fstatSync(file).mode & 0o077) !== 0) {
      throw invalidKey(`other users may read the master key file ${path}; chmod 600 it`);
    }
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    if (isFileError(thrown, 'ENOENT')) return null;
    if (thrown instanceof AppError) throw thrown;
    throw invalidKey(`the master key file ${path} cannot be read`, thrown);
  } finally {
    if (file !== null) closeSync(file);
  }
};

/** Several processes may do so at once: the file appears whole, and only the first one's stays. */
export const createKeyFile = (path: string): Buffer => {
  const draft = draftOf(path);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeDurably(draft, `${randomBytes(32).toString('base64')}\n`);
    linkUnlessThere(draft, path);
    syncDirectory(dirname(path));
  } catch (cause) {
    throw invalidKey(`a master key could not be written to ${path}`, cause);
  } finally {
    rmSync(draft, { force: true });
  }
  return readKeyFile(path) ?? absent(path);
};

/**
 * The next key becomes the key, and the key the previous one. At each moment at least one of them has its lasting name,
 * and both have one: whoever reads next, key and previous in this order misses none. May be repeated after a crash.
 */
export const turnKeyFiles = (path: string): void => {
  const draft = draftOf(path);
  try {
    linkUnlessThere(path, draft);
    renameSync(draft, previousKeyFile(path));
    syncDirectory(dirname(path));
    renameSync(nextKeyFile(path), path);
    syncDirectory(dirname(path));
  } catch (cause) {
    throw invalidKey(`the new master key could not take the place of the old one at ${path}`, cause);
  } finally {
    // Where the previous key was this very file already, renaming leaves the draft.
    rmSync(draft, { force: true });
  }
};

const absent = (path: string): never => {
  throw invalidKey(`the master key file ${path} was taken away`);
};

const draftOf = (path: string): string => `${path}.${randomBytes(6).toString('hex')}`;

const linkUnlessThere = (from: string, to: string): void => {
  try {
    linkSync(from, to);
  } catch (thrown) {
    if (!isFileError(thrown, 'EEXIST')) throw thrown;
  }
};

const writeDurably = (path: string, text: string): void => {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
};

/** A key that a power cut takes back would leave sealed rows that nobody can open. */
const syncDirectory = (path: string): void => {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
};

const isFileError = (thrown: unknown, code: string): boolean =>
  thrown instanceof Error && 'code' in thrown && thrown.code === code;
