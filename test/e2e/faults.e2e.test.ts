import { readFile } from 'node:fs/promises';
import { describe, expect } from 'vitest';

import { openOwner, postmasterPid } from './database.ts';
import { createSuperuser, getMe, isReady, signIn, test, until } from './program.ts';
import { stopUnderLoad } from './stop-under-load.ts';

describe('kill -9 of the server', () => {
  test(
    'during 200 sign-ins: every one that was acknowledged works after the next start',
    { timeout: 180_000 },
    async ({ place }) => {
      const usernames = ['ada', 'bob', 'cyd', 'dan', 'eve', 'fay'];
      const first = await place.start(['run-all-in-one']);
      for (const username of usernames) expect(await createSuperuser(place, username)).toMatchObject({ code: 0 });
      const acknowledged: string[] = [];
      // One actor keeps 50 sessions, so that several sign in, and none of theirs ends for another's sake.
      const signInAgainAndAgain = async (username: string) => {
        for (let count = 0; count < 34; count += 1) {
          const { accessToken } = await signIn(first.url, username);
          acknowledged.push(accessToken);
          if (acknowledged.length === 100) first.kill('SIGKILL');
        }
      };
      const clients = await Promise.allSettled(usernames.map(signInAgainAndAgain));
      expect(clients.some(({ status }) => status === 'rejected')).toBe(true);

      const second = await place.start(['run-all-in-one']);
      const statuses = await Promise.all(acknowledged.map(async (token) => (await getMe(second.url, token)).status));

      expect(acknowledged.length).toBeGreaterThanOrEqual(100);
      expect(new Set(statuses)).toEqual(new Set([200]));
    },
  );
});

describe('kill -9 of PostgreSQL', () => {
  test(
    'not ready within 1 s, ready again after it returns, and the process lives',
    { timeout: 60_000 },
    async ({ place }) => {
      const server = await place.start(['run-all-in-one']);
      await createSuperuser(place);
      const { accessToken } = await signIn(server.url);

      process.kill(await postmasterPid(place), 'SIGKILL');
      await until(isReady(server.url), ({ status }) => status === 503, 1000);
      await until(isReady(server.url), ({ status }) => status === 200);

      expect((await getMe(server.url, accessToken)).status).toBe(200);
      expect(() => process.kill(server.pid, 0)).not.toThrow();
    },
  );
});

describe('SIGTERM under load', () => {
  test('answers every request that it accepted and exits with 0', { timeout: 60_000 }, async ({ place }) => {
    const server = await place.start(['run-all-in-one']);
    await createSuperuser(place);
    const { accessToken } = await signIn(server.url);
    await stopUnderLoad(server, accessToken, { clients: 32, requests: 500 });
  });
});

describe('two processes at the same instant on an empty database', () => {
  test('both become ready, and each migration ran once', { timeout: 60_000 }, async ({ place }) => {
    const started = await Promise.all([place.start(['run-all-in-one']), place.start(['run-all-in-one'])]);

    for (const { url } of started) await until(isReady(url), ({ status }) => status === 200);
    const applied = started.flatMap(({ output }) => output().match(/"migration applied"/g) ?? []);
    const owner = await openOwner(place);
    const rows = await owner`select name from kernel._migrations`;
    await owner.end();
    expect(applied).toHaveLength(rows.length);
    expect(rows.length).toBeGreaterThan(0);
  });
});

describe('a migration file that changed after it was applied', () => {
  test('stops the start with exit code 3 and says which', { timeout: 60_000 }, async ({ place }) => {
    const server = await place.start(['run-all-in-one']);
    const owner = await openOwner(place);
    const [changed] = await owner`
      update kernel._migrations set checksum = repeat('0', 64)
       where name = (select max(name) from kernel._migrations) returning name`;
    await owner.end();
    server.kill('SIGTERM');
    await server.exited;

    const { code, stderr } = await place.run(['run-all-in-one']);

    expect([code, stderr]).toEqual([3, expect.stringContaining(String(changed?.['name']))]);
  });
});

describe('secrets', () => {
  test(
    'the master key is for its owner alone, and the start with another one is refused',
    { timeout: 60_000 },
    async ({ place }) => {
      const server = await place.start(['run-all-in-one']);
      server.kill('SIGTERM');
      await server.exited;

      const key = await readFile(`${place.dataDirectory}/keys/master.key`, 'utf8');
      const { code, stderr } = await place.run(['run-all-in-one'], {
        env: { ASHLAR_SECRETS__MASTER_KEY: Buffer.alloc(32, 7).toString('base64') },
      });

      expect(code).toBe(3);
      expect(stderr).not.toContain(key.trim());
    },
  );
});
