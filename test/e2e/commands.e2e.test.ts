import { describe, expect } from 'vitest';

import { test } from './program.ts';

describe('migrate', () => {
  test('status, up and down tell the same story, and down asks first', { timeout: 60_000 }, async ({ place }) => {
    const states = async () => {
      const { stdout } = await place.run(['migrate', 'status', '--json']);
      return [...stdout.matchAll(/"state":"(\w+)"/g)].map(([, state]) => state);
    };
    const before = await states();
    expect(new Set(before)).toEqual(new Set(['pending']));

    expect(await place.run(['migrate', 'up'])).toMatchObject({ code: 0, stdout: expect.stringContaining('applied ') });
    expect(new Set(await states())).toEqual(new Set(['applied']));

    expect(await place.run(['migrate', 'down'])).toMatchObject({ code: 3, stderr: expect.stringContaining('--yes') });
    expect(await place.run(['migrate', 'down', '--yes'])).toMatchObject({ code: 0 });
    expect((await states()).at(-1)).toBe('pending');

    expect(await place.run(['migrate', 'up', '--json'])).toMatchObject({ code: 0 });
    expect(await states()).toHaveLength(before.length);
  });
});

describe('db stop', () => {
  test(
    'stops a database whose program was killed, and refuses while one runs',
    { timeout: 60_000 },
    async ({ place }) => {
      const server = await place.start(['run-all-in-one']);
      expect(await place.run(['db', 'stop'])).toMatchObject({
        code: 3,
        stderr: expect.stringContaining('DATABASE_IN_USE'),
      });

      server.kill('SIGKILL');
      await server.exited;

      expect(await place.run(['db', 'stop', '--json'])).toMatchObject({ code: 0, stdout: '{"state":"stopped"}\n' });
      expect(await place.run(['db', 'stop', '--json'])).toMatchObject({ code: 0, stdout: '{"state":"not_running"}\n' });
    },
  );
});

describe('config validate', () => {
  test('says that all is well, or every problem with exit code 3', async ({ place }) => {
    expect(await place.run(['config', 'validate'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('valid'),
    });

    const { code, stderr } = await place.run(['config', 'validate'], {
      env: { ASHLAR_LOGGER__LEVEL: 'loud', ASHLAR_HTTP__BODY_LIMIT_BYTES: 'many' },
    });
    expect(code).toBe(3);
    expect(stderr).toMatch(/logger\.level[\s\S]*http\.bodyLimitBytes|http\.bodyLimitBytes[\s\S]*logger\.level/);
  });
});
