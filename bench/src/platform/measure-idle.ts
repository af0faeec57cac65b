import { setTimeout as pause } from 'node:timers/promises';

import type { PlatformSetting, Reading } from './setting.ts';

/** What a process that has just started still asks for. */
const settleSeconds = 5;
const statement = /^\S+ LOG:  (?:statement|execute [^:]*): /;

/** Statements per second of the whole program with nothing to do, each counted that PostgreSQL executes, `begin` too. */
export const measureIdle = async (
  { program, cluster, withDatabase, onAdmin }: PlatformSetting,
  seconds: number,
): Promise<Reading> => {
  const external = await withDatabase('idle');
  const name = new URL(external).pathname.slice(1);
  const { child } = await program.start({ external }, { name: 'idle', withoutTraces: true });
  await pause(settleSeconds * 1000);
  // The whole server's setting: only that reaches connections that are open already.
  await onAdmin((sql) => sql.unsafe(`alter system set log_statement = 'all'`));
  await onAdmin((sql) => sql`select pg_reload_conf()`);
  await pause(500);
  let count = 0;
  const stop = cluster.onLine((line) => {
    if (line.startsWith(`${name} `) && statement.test(line)) count += 1;
  });
  const startedAt = performance.now();
  let elapsedMs = 0;
  try {
    await pause(seconds * 1000);
    elapsedMs = performance.now() - startedAt;
  } finally {
    stop();
    await onAdmin((sql) => sql.unsafe('alter system reset log_statement'));
    await onAdmin((sql) => sql`select pg_reload_conf()`);
  }
  const value = (count / elapsedMs) * 1000;
  await child.stop();
  // The pulse alone is more: a count of nothing means that nobody counted.
  if (count === 0) throw new Error('PostgreSQL logged no statement of an idle process');
  return { value };
};
