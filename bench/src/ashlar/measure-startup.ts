import { join } from 'node:path';

import { readMemory } from '../host/processes.ts';
import { findPostmasters } from '../host/stray-postmasters.ts';
import { median } from '../median.ts';
import type { DatabaseChoice, Program } from './program.ts';

/** Milliseconds and bytes, medians of the starts; null: not measured. */
export type Startup = {
  readonly versionMs: number;
  readonly helpMs: number;
  readonly externalMs: number;
  readonly warmMs: number;
  readonly coldMs: number;
  readonly memoryAtReady: number;
  readonly databaseMemory: number | null;
};

export type StartupOptions = {
  readonly program: Program;
  /** Its address. */
  readonly external: string;
  /** Where embedded databases are made. */
  readonly directory: string;
  readonly starts: number;
};

/** Starts the program again and again; the database of `external` is migrated already. */
export const measureStartup = async ({ program, external, directory, starts }: StartupOptions): Promise<Startup> => {
  const database = { external };
  const versions = await repeat(starts, () => timeOf(() => program.command(['--version'], '', database)));
  const helps = await repeat(starts, () => timeOf(() => program.command(['--help'], '', database)));
  const withExternal = await repeat(starts, () => startOnce(program, database));
  const cold = await repeat(Math.min(starts, 3), (at) =>
    startOnce(program, { embedded: join(directory, `cold-${at}`) }),
  );
  const warm = await repeat(starts, () => startOnce(program, { embedded: join(directory, 'cold-0') }));
  return {
    versionMs: median(versions),
    helpMs: median(helps),
    externalMs: median(withExternal.map(({ readyMs }) => readyMs)),
    coldMs: median(cold.map(({ readyMs }) => readyMs)),
    warmMs: median(warm.map(({ readyMs }) => readyMs)),
    memoryAtReady: median(withExternal.map(({ memory }) => memory)),
    databaseMemory: medianOrNull(warm.flatMap(({ databaseMemory }) => databaseMemory ?? [])),
  };
};

type Start = { readonly readyMs: number; readonly memory: number; readonly databaseMemory: number | null };

const startOnce = async (program: Program, database: DatabaseChoice): Promise<Start> => {
  const { child, readyMs } = await program.start(database);
  const memory = readMemory(child.pid, 'Rss');
  const [postmaster] = 'embedded' in database ? findPostmasters(database.embedded) : [];
  const databaseMemory = postmaster === undefined ? null : readMemory(postmaster, 'Pss');
  await child.stop();
  return { readyMs, memory, databaseMemory };
};

const timeOf = async (run: () => Promise<unknown>): Promise<number> => {
  const startedAt = performance.now();
  await run();
  return performance.now() - startedAt;
};

const repeat = async <T>(times: number, run: (at: number) => Promise<T>): Promise<T[]> => {
  const results: T[] = [];
  for (let at = 0; at < times; at += 1) results.push(await run(at));
  return results;
};

const medianOrNull = (values: readonly number[]): number | null => (values.length === 0 ? null : median(values));
