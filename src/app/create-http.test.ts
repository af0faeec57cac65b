import { describe, expect } from 'vitest';

import { createAbsentPresence } from '#kernel/presence/absent-presence.ts';
import { test, type TestApp } from '#test/app.ts';
import { createHttp } from './create-http.ts';

const ready = async (app: TestApp, hasWorker: boolean) => {
  const { fetch } = createHttp(app, { modules: 'all', hasWorker });
  const response = await fetch(new Request(new URL('/ready', app.config.http.publicUrl)));
  return { status: response.status, body: await response.json() };
};

/** The pulse comes over a connection of its own. */
const withoutPulse = (app: TestApp): TestApp => ({
  ...app,
  kernel: { ...app.kernel, presence: createAbsentPresence() },
});

describe('/ready', () => {
  test('names the checks, and workers where there are some', async ({ app }) => {
    expect(await ready(app, false)).toEqual({
      status: 200,
      body: { status: 'ok', checks: { database: 'ok', migrations: 'ok' } },
    });
    await expect.poll(() => ready(app, true)).toMatchObject({ body: { status: 'ok', checks: { workers: 'ok' } } });
  });

  test('is degraded, and still serves, while workers take no tasks', async ({ app }) => {
    expect(await ready(withoutPulse(app), true)).toMatchObject({
      status: 200,
      body: { status: 'degraded', checks: { database: 'ok', workers: 'degraded' } },
    });
    expect(await ready(withoutPulse(app), false)).toMatchObject({ body: { status: 'ok' } });
  });
});
