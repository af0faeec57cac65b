import { killConsumers, openConsumers } from '#kernel/events/testing/kill-consumers.ts';
import { openEventApp } from '#kernel/events/testing/open-event-app.ts';
import { test as base } from '#test/database.ts';
import { scaled } from './scale.ts';

const test = base
  .extend('app', async ({ databaseUrl }, { onCleanup }) => {
    const app = await openEventApp(databaseUrl);
    onCleanup(() => app.close());
    return app;
  })
  .extend('consumers', async ({ databaseUrl, sql }, { onCleanup }) => {
    const { close, ...consumers } = await openConsumers(databaseUrl, sql);
    onCleanup(close);
    return consumers;
  });

const kills = scaled(50);

test(
  `${kills} consumers are killed: every event has its effect once, keys in order`,
  { timeout: 600_000 },
  async ({ app, sql, consumers }) => {
    await killConsumers({ app, sql, consumers }, { kills, eventsPerKill: 150 });
  },
);
