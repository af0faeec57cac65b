import { killWorkers } from '#kernel/tasks/testing/kill-workers.ts';
import { openTaskApp } from '#kernel/tasks/testing/open-task-app.ts';
import { openVictims } from '#kernel/tasks/testing/victims.ts';
import { test as base } from '#test/database.ts';
import { scaled } from './scale.ts';

const test = base
  .extend('app', async ({ databaseUrl }, { onCleanup }) => {
    const app = await openTaskApp(databaseUrl);
    onCleanup(() => app.close());
    return app;
  })
  .extend('victims', async ({ databaseUrl, sql }, { onCleanup }) => {
    const { close, ...victims } = await openVictims(databaseUrl, sql);
    onCleanup(close);
    return victims;
  });

const kills = scaled(200);

test(
  `${kills} workers are killed: every task has its effect once, groups in order`,
  { timeout: 600_000 },
  async ({ app, sql, victims }) => {
    await killWorkers({ app, sql, victims }, { kills, tasksPerKill: 30 });
  },
);
