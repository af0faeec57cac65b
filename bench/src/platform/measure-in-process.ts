import { join } from 'node:path';

import type { PlatformSetting, Reading } from './setting.ts';

/** Which program measures what. */
const programs = {
  throughput: 'queue-process.ts',
  start: 'queue-process.ts',
  held: 'queue-process.ts',
  event: 'event-process.ts',
  hit: 'cache-process.ts',
  'limit-memory': 'limit-process.ts',
  'limit-postgres': 'limit-process.ts',
  audit: 'audit-process.ts',
} as const;

export type InProcess = keyof typeof programs;

type Wanted = { readonly what: InProcess; readonly candidate: string; readonly amount: number };

/** A candidate in a new process with a new database, which says in one line what it found. */
export const measureInProcess = async (
  { children, directory, withDatabase, onAdmin }: PlatformSetting,
  { what, candidate, amount }: Wanted,
): Promise<Reading> => {
  const name = `${what}_${candidate}`.replaceAll('-', '_');
  const url = await withDatabase(name);
  const script = join(import.meta.dirname, programs[what]);
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], BENCH_DIRECTORY: directory, NODE_ENV: 'production' };
  const child = children.start(process.execPath, [script, candidate, what, url, `${amount}`], { env });
  const line = await child.firstLine(900 + (what === 'held' ? amount : 0));
  await child.ended;
  await onAdmin((sql) => sql.unsafe(`drop database ${name} with (force)`));
  return JSON.parse(line) as Reading;
};
