import { createServer } from 'node:net';
import { describe, expect } from 'vitest';

import { test } from './program.ts';

describe('a start that cannot work ends with one clear message', () => {
  test('production without its secrets names every missing one and exits with 3', async ({ place }) => {
    const { code, stderr } = await place.run(['run-all-in-one'], { env: { APP_ENV: 'production' } });

    expect(code).toBe(3);
    for (const name of ['DATABASE_URL', 'POSTGRES_HOST', 'ASHLAR_HTTP__PUBLIC_URL', 'ASHLAR_SECRETS__MASTER_KEY']) {
      expect(stderr).toContain(name);
    }
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test('an unknown setting names the nearest one', async ({ place }) => {
    const { code, stderr } = await place.run(['config', 'validate'], { env: { ASHLAR_HTTP__PROT: '1' } });

    expect([code, stderr]).toEqual([3, expect.stringContaining('ASHLAR_HTTP__PORT')]);
  });

  test('a busy port is named, with what to do', async ({ place }) => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? String(address.port) : '';

    const { code, stderr } = await place.run(['run-all-in-one', '--port', port]);
    server.close();

    expect(code).toBe(3);
    expect(stderr).toMatch(new RegExp(`PORT_IN_USE.*${port}`));
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test('a database that is not there is named, without its password', async ({ place }) => {
    const { code, stderr } = await place.run(['run-all-in-one'], {
      env: {
        ASHLAR_DATABASE__MODE: 'external',
        ASHLAR_DATABASE__URL: 'postgres://ashlar:hidden-password@127.0.0.1:9/ashlar',
      },
    });

    expect(code).toBe(1);
    expect(stderr).toMatch(/DATABASE_UNAVAILABLE.*127\.0\.0\.1:9/);
    expect(stderr).not.toContain('hidden-password');
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});
