import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { Sql } from 'postgres';
import { expect } from 'vitest';

import { eventually } from '#kernel/tasks/testing/open-task-app.ts';
import { effectEvent } from './effect-event.ts';
import type { openEventApp } from './open-event-app.ts';

const program = fileURLToPath(new URL('consumer-process.ts', import.meta.url));

export type Consumers = {
  /** A process that runs `consumer-process.ts`; it may not have the subscription yet. */
  start(): Promise<ChildProcess>;
  /** kill -9; ends when the process is gone. */
  kill(child: ChildProcess): Promise<void>;
  /** The one that has the subscription, once there is one. */
  untilOwned(): Promise<ChildProcess>;
};

/** `sql` as the owner of the database: it makes the table that the subscriber writes to. */
export const openConsumers = async (databaseUrl: string, sql: Sql): Promise<Consumers & { close(): void }> => {
  const children = new Map<string, ChildProcess>();
  const role = new URL(databaseUrl).username;
  await sql.unsafe('create table if not exists public.effects (event_id uuid not null, key text, n int, seq serial)');
  await sql.unsafe(`grant all on public.effects, public.effects_seq_seq to ${role}`);
  return {
    start: async () => {
      const child = fork(program, [databaseUrl]);
      const [processId] = await once(child, 'message');
      children.set(String(processId), child);
      return child;
    },
    kill: async (child) => {
      child.kill('SIGKILL');
      await once(child, 'exit');
      for (const [processId, other] of children) if (other === child) children.delete(processId);
    },
    untilOwned: () =>
      eventually('one of them consumes', async () => {
        const [row] = await sql`select owner from kernel.subscriptions where name = 'test.make-effect'`;
        return children.get(String(row?.['owner']));
      }),
    close: () => children.forEach((child) => child.kill('SIGKILL')),
  };
};

type World = {
  readonly app: Pick<Awaited<ReturnType<typeof openEventApp>>, 'database' | 'events'>;
  readonly sql: Sql;
  readonly consumers: Consumers;
};

type Scale = { readonly kills: number; readonly eventsPerKill: number };

/**
 * Publishes events, kills whoever consumes them once some are handled while another one takes over, and so on. Fails
 * unless each event has had its effect once, and those of a key in their order.
 */
export const killConsumers = async ({ app, sql, consumers }: World, { kills, eventsPerKill }: Scale): Promise<void> => {
  const made = async () => Number((await sql`select count(*) from public.effects`)[0]?.['count']);
  let n = 0;
  await Promise.all([consumers.start(), consumers.start()]);
  for (let round = 0; round < kills; round += 1) {
    const doomed = await consumers.untilOwned();
    const before = await made();
    for (const from = n; n < from + eventsPerKill;) {
      await app.database.transaction(async (tx) => {
        for (let count = 0; count < 10; count += 1) {
          n += 1;
          const key = `k${n % 7}`;
          await app.events.publish(tx, effectEvent, { n, key }, { key });
        }
      });
    }
    await eventually('some of it is done', async () => (await made()) > before + 5, 30);
    await consumers.kill(doomed);
    if (round < kills - 1) await consumers.start();
  }
  await eventually('everything is done', async () => (await made()) >= kills * eventsPerKill, 120);
  await expectEachOnce(sql, kills * eventsPerKill);
};

const expectEachOnce = async (sql: Sql, published: number): Promise<void> => {
  const effects = await sql`select n, key from public.effects order by seq`;
  expect(effects).toHaveLength(published);
  expect(new Set(effects.map((row) => row['n'])).size).toBe(published);
  for (const rows of Map.groupBy(effects, (row) => row['key']).values()) {
    const numbers = rows.map((row) => Number(row['n']));
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  }
  expect(await sql`select from kernel.event_dead`).toHaveLength(0);
};
