import { expect } from 'vitest';

import { test } from '#test/app.ts';
import { buildActor } from '#test/build.ts';
import { run } from '#test/run.ts';

test.for([
  ['CHANNEL_NOT_FOUND', 404, 'pigeon'],
  ['CHANNEL_NOT_CONFIGURED', 409, 'webhook'],
  ['CHANNEL_NOT_CONFIGURED', 409, 'email'],
] as const)('says %s (%i) to a test of %s', async ([code, status, name], { app }) => {
  const response = await app.as(buildActor()).request(`/api/v1/platform/channels/${name}/test`, { method: 'POST' });
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ code });
});

test('without a secret of its own a webhook is signed with a key that follows from the master key', async ({ app }) => {
  const key = await run(app, 'platform.show-webhook-key');
  expect(key).toEqual({ key: expect.stringMatching(/^[\w-]{43}$/) });
  expect(await run(app, 'platform.show-webhook-key')).toEqual(key);
});
