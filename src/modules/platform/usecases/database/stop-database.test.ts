import { describe, expect } from 'vitest';

import { createApp } from '#app/app.ts';
import { createMetrics } from '#kernel/observability/metrics.ts';
import { run } from '#test/run.ts';
import { type TestApp, test } from '#test/app.ts';

type Stop = (() => Promise<'stopped' | 'not_running' | 'in_use'>) | null;

/** The same app, installed where `stop` ends the embedded server. */
const installedWith = (app: TestApp, stop: Stop): TestApp => ({
  ...app,
  ...createApp({ ...app.kernel, metrics: createMetrics() }, app.config, {
    ...app.installation,
    stopEmbeddedDatabase: stop,
  }),
});

const stopDatabase = (app: TestApp, stop: Stop) => run(installedWith(app, stop), 'platform.stop-database');

describe('stop-database', () => {
  test.for(['stopped', 'not_running'] as const)('answers that it is %s', async (state, { app }) => {
    expect(await stopDatabase(app, () => Promise.resolve(state))).toEqual({ state });
  });

  test('says DATABASE_IN_USE while processes of Ashlar would start it again', async ({ app }) => {
    await expect(stopDatabase(app, () => Promise.resolve('in_use'))).rejects.toMatchObject({ code: 'DATABASE_IN_USE' });
  });

  test('says DATABASE_NOT_EMBEDDED of a database that runs elsewhere', async ({ app }) => {
    await expect(stopDatabase(app, null)).rejects.toMatchObject({ code: 'DATABASE_NOT_EMBEDDED', kind: 'conflict' });
  });
});
