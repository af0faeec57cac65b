import { readdir, readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { z } from 'zod';

import { createSuperuser, getMe, type Place, post, signIn, test, until } from './program.ts';

const rotated = z.object({
  outcome: z.enum(['begun', 'resumed']),
  rewrapped: z.int(),
  unreadable: z.array(z.unknown()),
});

const rotate = async (place: Place, args: readonly string[] = []) => {
  const { code, stdout, stderr } = await place.run(['secrets', 'rotate', '--yes', '--json', ...args]);
  expect([code, stderr]).toEqual([0, '']);
  return rotated.parse(JSON.parse(stdout));
};

const write = (url: string, { method = 'POST', body, token }: { method?: string; body: object; token: string }) =>
  fetch(url, {
    method,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });

test(
  'the master key is replaced while the program runs: nobody is signed out, nothing is lost, and a restart needs the new key alone',
  { timeout: 120_000 },
  async ({ place }) => {
    const keys = `${place.dataDirectory}/keys`;
    const server = await place.start(['run-all-in-one']);
    const secrets = `${server.url}/api/v1/platform/secrets`;
    await createSuperuser(place);
    const { accessToken: token, refreshToken } = await signIn(server.url);
    expect((await write(secrets, { token, body: { name: 'before', value: 'a value' } })).status).toBe(201);
    const former = await readFile(`${keys}/master.key`, 'utf8');

    expect(await rotate(place)).toMatchObject({ outcome: 'begun', unreadable: [], rewrapped: expect.any(Number) });
    expect(await readdir(keys)).toEqual(['master.key', 'master.key.previous']);
    expect(await readFile(`${keys}/master.key`, 'utf8')).not.toBe(former);

    // The value that holds is opened and sealed anew.
    const again = await write(`${secrets}/before`, { method: 'PUT', token, body: { version: 1, description: 'same' } });
    expect(again.status).toBe(200);
    expect((await getMe(server.url, token)).status).toBe(200);
    expect((await post(`${server.url}/api/v1/auth/refresh`, { refreshToken })).status).toBe(200);

    // Within a second the running program seals with the new key: then nothing is left to do.
    let made = 0;
    const isNothingLeft = async () => {
      made += 1;
      await write(secrets, { token, body: { name: `after-${made}`, value: 'a value' } });
      return (await rotate(place, ['--dry-run'])).outcome === 'begun';
    };
    await until(isNothingLeft, (isSo) => isSo);

    server.kill('SIGTERM');
    expect(await server.exited).toMatchObject({ code: 0 });
    const restarted = await place.start(['run-all-in-one']);
    const { accessToken } = await signIn(restarted.url);
    const opened = await write(`${restarted.url}/api/v1/platform/secrets/before`, {
      method: 'PUT',
      token: accessToken,
      body: { version: 2, description: null },
    });
    expect(opened.status).toBe(200);
  },
);
