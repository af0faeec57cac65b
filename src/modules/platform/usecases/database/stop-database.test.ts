import { describe, expect } from 'vitest';

import { reinstall, type TestApp, test } from '#test/app.ts';
import { run } from '#test/run.ts';

type Stop = (() => Promise<'stopped' | 'not_running' | 'in_use'>) | null;

const stopDatabase = (app: TestApp, stop: Stop) =>
  run(reinstall(app, { stopEmbeddedDatabase: stop }), 'platform.stop-database');

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
