import { join } from 'node:path';

import { sql as text } from 'drizzle-orm';
import { afterAll, expect, test } from 'vitest';

import { openEmbeddedPostgres } from '#kernel/database/embedded/open-embedded-postgres.ts';
import { inspectPostmaster } from '#kernel/database/embedded/postmaster.ts';
import { openWorkshop, silentLog as log } from '#kernel/database/embedded/testing/workshop.ts';
import { migrateUp } from '#kernel/database/migrate/migrate-up.ts';
import { openSession } from '#kernel/database/open-session.ts';
import { eventually } from '#kernel/tasks/testing/open-task-app.ts';
import { migrationsDirectory } from '#test/postgres-server.ts';
import { buildContract, buildSubscriber, nameOf, openEventApp } from './testing/open-event-app.ts';

const workshop = openWorkshop();
afterAll(() => workshop.close());

const restarts = 4;

test(
  'PostgreSQL is killed under publishers and a consumer: every acknowledged event has its effect once, keys in order',
  { timeout: 120_000 },
  async () => {
    const dataDirectory = await workshop.newDataDirectory();
    const server = await openEmbeddedPostgres({ dataDirectory, log });
    const appRole = new URL(server.url).username;
    await migrateUp({ ownerUrl: server.ownerUrl, appRole, directory: migrationsDirectory, log });
    const owner = await openSession({ url: server.ownerUrl, name: 'test' });
    await owner.sql.unsafe('create table public.effects (key text, n int, seq serial)');
    await owner.sql.unsafe(`grant all on public.effects, public.effects_seq_seq to ${appRole}`);
    await owner.close();
    const app = await openEventApp(server.url);
    const contract = buildContract();
    const retry = { attempts: 1_000, baseDelaySeconds: 0.05 };
    const head = buildSubscriber(
      contract,
      async (ctx, { key, n }) => {
        await ctx.transaction((tx) => tx.execute(text`insert into public.effects (key, n) values (${key}, ${n})`));
      },
      { retry },
    );
    app.consume([head]);

    const acknowledged: string[] = [];
    let isOver = false;
    const publishOn = async (key: string): Promise<void> => {
      for (let n = 0; !isOver; n += 1) {
        // Whether a commit whose answer was lost happened, nobody knows; only what was answered counts.
        const isThere = await app.publish(contract, { key, n }, { key }).then(
          () => true,
          () => false,
        );
        if (isThere) acknowledged.push(`${key} ${n}`);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const publishers = ['a', 'b', 'c'].map(publishOn);
    for (let restart = 0; restart < restarts; restart += 1) {
      const before = acknowledged.length;
      await eventually('some are published', () => acknowledged.length > before + 30, 30);
      const postmaster = await inspectPostmaster(join(dataDirectory, 'cluster'));
      if (postmaster.kind === 'ready') process.kill(postmaster.process.pid, 'SIGKILL');
      await eventually('it is lost', () => !app.database.isUp);
      await eventually('it is back', () => app.database.isUp, 30);
    }
    isOver = true;
    await Promise.all(publishers);

    const watch = await openSession({ url: server.ownerUrl, name: 'test' });
    await eventually(
      'every event is handled',
      async () => {
        const [row] = await watch.sql`
          select (select count(*)::int from kernel.events where name = ${contract.name}) as published,
            (select count(*)::int from public.effects) as made,
            (select count(*)::int from kernel.event_dead where subscription = ${nameOf(head)}) as dead`;
        expect(row?.['dead']).toBe(0);
        return row?.['published'] === row?.['made'];
      },
      60,
    );
    const effects = await watch.sql<{ key: string; n: number }[]>`select key, n from public.effects order by seq`;
    await watch.close();
    const made = effects.map(({ key, n }) => `${key} ${n}`);
    expect(new Set(made).size).toBe(made.length);
    expect(acknowledged.filter((one) => !made.includes(one))).toEqual([]);
    for (const rows of Map.groupBy(effects, ({ key }) => key).values()) {
      const numbers = rows.map(({ n }) => n);
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }
    await app.close();
    await server.close();
  },
);
