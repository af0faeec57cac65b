import { copyFile, open, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';

import { systemCode } from './embedded-error.ts';
import { giveToOwnerOf } from './home.ts';

const limitBytes = 8 * 1024 * 1024;

export const serverLogIn = (home: string): string => join(home, 'server.log');

/** Opens PostgreSQL's log for appending; it goes to a file, never to a pipe of a process that may be killed. */
export const openServerLog = async (home: string) => {
  await boundServerLog(home);
  const file = await open(serverLogIn(home), 'a', 0o600);
  await giveToOwnerOf(home, serverLogIn(home));
  return file;
};

/**
 * Keeps at most two files of 8 MiB. The server holds the file open for as long as it lives, so the file is copied and
 * emptied, not renamed; it is opened for appending, so that the next line lands at its new end.
 */
export const boundServerLog = async (home: string): Promise<void> => {
  const path = serverLogIn(home);
  if ((await sizeOf(path)) <= limitBytes) return;
  try {
    await rm(`${path}.1`, { force: true });
    await copyFile(path, `${path}.1`);
  } finally {
    await truncate(path); // on a full disk too, where it frees the space
  }
};

export const sizeOf = async (path: string): Promise<number> => {
  try {
    return (await stat(path)).size;
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return 0;
    throw thrown;
  }
};

/** What was written behind the offset: at most 64 KiB, which holds every message of a failed start. */
export const readServerLogFrom = async (home: string, offset: number): Promise<string> => {
  const file = await open(serverLogIn(home), 'r');
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(65_536), 0, 65_536, offset);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
};
