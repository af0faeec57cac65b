import { expect } from 'vitest';

import { readConfig } from '#portals/platform.ts';
import { reinstall, test } from '#test/app.ts';
import { buildActor } from '#test/build.ts';

const settings = [
  { path: 'http.port', value: 8081, origin: 'ASHLAR_HTTP__PORT' },
  { path: 'database.url', value: '[secret]', origin: 'DATABASE_URL (config/production.yaml:12)' },
];

test('get-config shows what holds, masked, and where it comes from', async ({ app }) => {
  const installed = reinstall(app, { describeConfig: () => settings });
  const reader = buildActor({ isSuperuser: false, permissions: new Set([readConfig.name]) });
  const response = await installed.as(reader).request('/api/v1/platform/config');
  expect([response.status, await response.json()]).toEqual([200, { settings }]);
});
