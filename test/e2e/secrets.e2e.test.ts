import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { z } from 'zod';

import { createSuperuser, getMe, password, post, signIn, test } from './program.ts';

const refreshed = z.object({ accessToken: z.string(), refreshToken: z.string() });

test('no password, token or key stands in the log, in metrics, or in what processes are called', async ({ place }) => {
  const server = await place.start(['run-all-in-one'], { env: { ASHLAR_LOGGER__LEVEL: 'trace' } });
  await createSuperuser(place);
  const first = await signIn(server.url);
  const wrong = 'a wrong and planted password';
  const login = `${server.url}/api/v1/auth/admin-login`;
  expect((await post(login, { username: 'root', password: wrong })).status).toBe(401);
  expect((await post(login, { username: 'root', password: wrong, planted: wrong })).status).toBe(400);
  const second = refreshed.parse(
    await (await post(`${server.url}/api/v1/auth/refresh`, { refreshToken: first.refreshToken })).json(),
  );
  await getMe(server.url, second.accessToken);
  await getMe(server.url, `${second.accessToken}x`);
  await fetch(`${server.url}/api/v1/auth/me?token=${second.accessToken}`);
  await post(`${server.url}/api/v1/auth/logout`, {}, { authorization: `Bearer ${second.accessToken}` });

  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  const called = await readFile(`/proc/${server.pid}/cmdline`, 'utf8');
  server.kill('SIGTERM');
  await server.exited;
  const written = `${server.output()}${metrics}${called}`;
  const masterKey = (await readFile(`${place.dataDirectory}/keys/master.key`, 'utf8')).trim();
  const secrets = [password, wrong, masterKey, ...Object.values(first), ...Object.values(second)].filter(
    (secret) => secret.length > 16,
  );

  expect(secrets).toHaveLength(7);
  expect(server.output()).toContain('auth.refresh-session');
  for (const secret of secrets) expect(written).not.toContain(secret);
});
