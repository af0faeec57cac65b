import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { Sql } from 'postgres';

const program = fileURLToPath(new URL('victim.ts', import.meta.url));

export type Victims = {
  /** A process that runs the tasks of `victim.ts`, and registers before this ends. */
  start(): Promise<ChildProcess>;
  /** kill -9; ends when the process is gone. */
  kill(child: ChildProcess): Promise<void>;
};

/** `sql` as the owner of the database: it makes the table that the tasks write to. */
export const openVictims = async (databaseUrl: string, sql: Sql): Promise<Victims & { close(): void }> => {
  const children = new Set<ChildProcess>();
  const role = new URL(databaseUrl).username;
  await sql.unsafe(
    'create table if not exists public.effects (task_id uuid primary key, group_key text, n int, seq serial)',
  );
  await sql.unsafe(`grant all on public.effects, public.effects_seq_seq to ${role}`);
  return {
    start: async () => {
      const child = fork(program, [databaseUrl]);
      children.add(child);
      await once(child, 'message');
      return child;
    },
    kill: async (child) => {
      child.kill('SIGKILL');
      children.delete(child);
      await once(child, 'exit');
    },
    close: () => children.forEach((child) => child.kill('SIGKILL')),
  };
};
