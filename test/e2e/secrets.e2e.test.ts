import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { expect } from 'vitest';
import { z } from 'zod';

import { createSuperuser, getMe, password, post, signIn, test as programTest } from './program.ts';

/** Takes what a collector of traces would be sent. */
const test = programTest.extend<{ collector: { readonly url: string; readonly received: () => string } }>({
  collector: async ({}, use) => {
    let received = '';
    const server = createServer((request, response) => {
      request.setEncoding('latin1').on('data', (chunk: string) => {
        received += chunk;
      });
      request.on('end', () => response.end('{}'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    await use({
      url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
      received: () => received,
    });
    server.closeAllConnections();
    server.close();
  },
});

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

test(
  'no named secret stands in the log, in traces, in metrics, in answers, on a terminal or among the arguments',
  { timeout: 60_000 },
  async ({ place, collector }) => {
    const [typed, sent, wrong] = [
      'a planted and typed secret',
      'a planted and sent secret',
      'a planted and wrong secret',
    ];
    const env = { ASHLAR_LOGGER__LEVEL: 'trace', ASHLAR_TELEMETRY__OTLP_ENDPOINT: collector.url };
    const server = await place.start(['run-all-in-one'], { env });
    await createSuperuser(place);
    const { accessToken } = await signIn(server.url);
    const authorization = `Bearer ${accessToken}`;
    const secrets = `${server.url}/api/v1/platform/secrets`;
    const answers = [
      await post(secrets, { name: 'sent', value: sent }, { authorization }),
      await post(secrets, { name: 'sent', value: wrong }, { authorization }),
      await post(secrets, { name: 'Wrong', value: wrong }, { authorization }),
      await post(secrets, { name: 'wrong', value: [wrong] }, { authorization }),
      await fetch(secrets, { headers: { authorization } }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 409, 400, 400, 200]);
    const runs = [
      await place.run(['secrets', 'set', 'typed', '--value-stdin'], { env, stdin: typed }),
      await place.run(['secrets', 'list', '--json'], { env }),
      await place.run(['secrets', 'set', 'typed'], { env, stdin: typed }),
    ];
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 2]);
    const called = await readFile(`/proc/${server.pid}/cmdline`, 'utf8');
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    server.kill('SIGTERM');
    await server.exited;

    const written = [server.output(), called, metrics, collector.received(), JSON.stringify(runs), ...texts].join('\n');
    expect(server.output()).toContain('platform.create-secret');
    expect(collector.received()).toMatch(/platform\.set-secret.*platform\.list-secrets/s);
    expect(collector.received()).toContain('/api/v1/platform/secrets');
    for (const secret of [typed, sent, wrong]) expect(written).not.toContain(secret);
  },
);
