import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import postgres, { type Sql } from 'postgres';

import { databaseUrl, readCredentials } from '#kernel/database/embedded/credentials.ts';
import { clusterIn } from '#kernel/database/embedded/identity.ts';
import type { Place } from './program.ts';

const homeOf = ({ dataDirectory }: Place): string => join(dataDirectory, 'postgres');

/** PostgreSQL's own file: pid, directory, start time, port, … */
const readPostmaster = async (place: Place): Promise<readonly string[]> =>
  (await readFile(join(clusterIn(homeOf(place)), 'postmaster.pid'), 'utf8')).split('\n');

export const postmasterPid = async (place: Place): Promise<number> => Number((await readPostmaster(place))[0]);

/** Whether it takes connections; it writes so in its file. */
export const postmasterStatus = (place: Place) => async () => {
  // Between two of them there is no file.
  const lines = await readPostmaster(place).catch(() => []);
  return { pid: Number(lines[0] ?? 0), isUp: lines[7]?.trim() === 'ready' };
};

/** A connection of the role that migrates, past the program. */
export const openOwner = async (place: Place): Promise<Sql> => {
  const port = Number((await readPostmaster(place))[3]);
  return postgres(databaseUrl('owner', await readCredentials(homeOf(place)), port), { max: 1 });
};
