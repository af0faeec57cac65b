import { describe, expect } from 'vitest';

import { createSuperuser, getMe, password, post, signIn, test, until } from './program.ts';

describe('from an empty folder to a signed-in superuser', () => {
  test('one command starts everything and says the address, the docs and the next step', async ({ place }) => {
    const { url, output } = await place.start(['run-all-in-one']);

    expect(output()).toContain(`${url}/docs`);
    expect(output()).toContain('ashlar auth create-superuser');
    expect((await fetch(`${url}/health`)).status).toBe(200);
    const ready = async () => (await fetch(`${url}/ready`)).json();
    expect(await until(ready, (answer) => JSON.stringify(answer).startsWith('{"status":"ok"'))).toEqual({
      status: 'ok',
      checks: { database: 'ok', migrations: 'ok', workers: 'ok' },
    });
  });

  test('the second create-superuser changes nothing and succeeds', async ({ place }) => {
    const { url } = await place.start(['run-all-in-one']);

    const first = await createSuperuser(place);
    const second = await place.run(['auth', 'create-superuser', '--username', 'root', '--password-stdin', '--json'], {
      stdin: 'another password entirely',
    });

    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(second).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(second.stdout)).toMatchObject({ changed: false });
    expect(await signIn(url)).toMatchObject({ status: 'signed_in' });
  });

  test('a session answers until it is logged out, then 401 with a problem document', async ({ place }) => {
    const { url } = await place.start(['run-all-in-one']);
    await createSuperuser(place);
    const { accessToken } = await signIn(url);

    const me = await getMe(url, accessToken);
    expect([me.status, await me.json()]).toEqual([200, expect.objectContaining({ login: 'root', isSuperuser: true })]);

    const logout = await post(`${url}/api/v1/auth/logout`, {}, { authorization: `Bearer ${accessToken}` });
    expect(logout.status).toBe(204);

    const after = await getMe(url, accessToken);
    expect(after.headers.get('content-type')).toContain('application/problem+json');
    expect([after.status, await after.json()]).toEqual([
      401,
      expect.objectContaining({ code: 'SESSION_ENDED', status: 401, traceId: expect.stringMatching(/^[0-9a-f]{32}$/) }),
    ]);
  });

  test('the superuser exists before any server does: the command starts what it needs and stops it', async ({
    place,
  }) => {
    expect(await createSuperuser(place)).toMatchObject({ code: 0 });
    const { url } = await place.start(['run-all-in-one']);
    expect(await signIn(url)).toMatchObject({ status: 'signed_in' });
  });
});

describe('roles', () => {
  test('each serves the paths of its own module, and all serve the probes', async ({ place }) => {
    const auth = await place.start(['run-auth-http']);
    const platform = await place.start(['run-platform-http']);
    await createSuperuser(place);
    const { accessToken } = await signIn(auth.url);
    const statusOf = async (url: string, path: string) =>
      (await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${accessToken}` } })).status;

    expect(await statusOf(auth.url, '/api/v1/auth/me')).toBe(200);
    expect(await statusOf(auth.url, '/api/v1/platform/health-report')).toBe(404);
    expect(await statusOf(platform.url, '/api/v1/platform/health-report')).toBe(200);
    expect(await statusOf(platform.url, '/api/v1/auth/me')).toBe(404);
    for (const { url } of [auth, platform]) {
      for (const path of ['/health', '/ready', '/metrics']) expect(await statusOf(url, path)).toBe(200);
    }
  });
});

describe('commands', () => {
  test('help and version answer without a database', async ({ place }) => {
    const help = await place.run(['--help']);
    const version = await place.run(['--version']);
    const ofCommand = await place.run(['auth', 'create-superuser', '--help']);

    expect([help.code, version.code, ofCommand.code]).toEqual([0, 0, 0]);
    expect(help.stdout).toContain('run-all-in-one');
    expect(ofCommand.stdout).toContain('--password-stdin');
  });

  test('wrong usage exits with 2, and the password never stands in argv', async ({ place }) => {
    expect(await place.run(['auth', 'create-superuser'])).toMatchObject({ code: 2, stdout: '' });
    expect(await place.run(['auth', 'create-superuser', '--username', 'root', '--password', password])).toMatchObject({
      code: 2,
    });
    expect(await place.run(['nonsense'])).toMatchObject({ code: 2 });
  });

  test('an open standard input without --password-stdin is refused with the way to do it', async ({ place }) => {
    const { code, stderr } = await place.run(['auth', 'create-superuser', '--username', 'root'], { stdin: password });

    expect([code, stderr]).toEqual([2, expect.stringContaining('--password-stdin')]);
  });

  test('config show names where each value comes from and hides secrets', async ({ place }) => {
    const { code, stdout } = await place.run(['config', 'show', '--json'], {
      env: { ASHLAR_SECRETS__MASTER_KEY: Buffer.alloc(32, 'nobody-may-read').toString('base64') },
    });

    expect(code).toBe(0);
    expect(stdout).not.toContain(Buffer.alloc(32, 'nobody-may-read').toString('base64'));
    expect(JSON.parse(stdout).settings).toEqual(
      expect.arrayContaining([
        { path: 'http.port', value: 0, origin: 'ASHLAR_HTTP__PORT' },
        { path: 'secrets.masterKey', value: '[secret]', origin: 'ASHLAR_SECRETS__MASTER_KEY' },
      ]),
    );
  });
});
