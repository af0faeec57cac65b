import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { systemCode } from './embedded-error.ts';

const root = '/var/lib/ashlar';
/** Only such a path is believed: the note may lie in a directory that another user writes. */
const shape = /^\/var\/lib\/ashlar\/[0-9a-f]{16}$/;

const noteIn = (dataDirectory: string): string => join(dataDirectory, 'stored-in');
const ownerNoteIn = (fallback: string): string => join(fallback, 'stored-for');

/** Root's place for a data directory that the server's account cannot reach. */
export const fallbackFor = (dataDirectory: string): string =>
  join(root, createHash('sha256').update(dataDirectory).digest('hex').slice(0, 16));

/**
 * The place in use. A project that was moved keeps its data, by the note in its data directory; one that was copied gets
 * its own, since the note of the original still stands.
 */
export const findFallback = async (dataDirectory: string): Promise<string> => {
  const own = fallbackFor(dataDirectory);
  const noted = await readNote(noteIn(dataDirectory));
  if (noted === null || !shape.test(noted)) return own;
  const original = await readNote(ownerNoteIn(noted));
  if (original === null) return own;
  const isCopy = original !== dataDirectory && (await readNote(noteIn(original))) === noted;
  return isCopy ? own : noted;
};

type Stored = { readonly dataDirectory: string; readonly path: string };

/** Leaves a note at both ends. */
export const noteFallback = async ({ dataDirectory, path }: Stored): Promise<void> => {
  await mkdir(dataDirectory, { recursive: true });
  await writeFile(noteIn(dataDirectory), path);
  await writeFile(ownerNoteIn(path), dataDirectory);
};

const readNote = async (path: string): Promise<string | null> => {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (thrown) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(thrown) ?? '')) return null;
    throw thrown;
  }
};
