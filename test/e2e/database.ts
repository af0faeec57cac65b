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

/** A connection of the role that migrates, past the program. */
export const openOwner = async (place: Place): Promise<Sql> => {
  const port = Number((await readPostmaster(place))[3]);
  return postgres(databaseUrl('owner', await readCredentials(homeOf(place)), port), { max: 1 });
};
