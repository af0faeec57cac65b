import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { z } from 'zod';

import { type Place, test } from './program.ts';

const report = z.object({
  errors: z.int(),
  warnings: z.int(),
  findings: z.array(
    z.object({ check: z.string(), severity: z.string(), message: z.string(), fix: z.string().nullable() }),
  ),
});

const examine = async (place: Place, args: readonly string[] = [], env = {}) => {
  const { code, stdout, stderr } = await place.run(['doctor', '--json', ...args], { env });
  const { findings } = report.parse(JSON.parse(stdout || '{}'));
  const bad = findings.filter(({ severity }) => severity === 'error').map(({ check }) => check);
  return { code, stderr, bad, findings };
};

test(
  'doctor is content before the first start and after it, and names each planted defect',
  { timeout: 120_000 },
  async ({ place }) => {
    expect(await examine(place)).toMatchObject({ code: 0, bad: [] });

    const server = await place.start(['run-all-in-one']);
    const running = await examine(place, [], { ASHLAR_HTTP__PORT: new URL(server.url).port });
    expect(running).toMatchObject({ code: 0, bad: [] });
    expect(running.findings.map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        expect.stringContaining('Ashlar answers on'),
        expect.stringMatching(/^all \d+ migrations are applied$/),
        'the master key opens what is sealed',
        'one role migrates, another runs',
        expect.stringMatching(/^1 processes need up to/),
      ]),
    );
    server.kill('SIGTERM');
    await server.exited;

    const key = `${place.dataDirectory}/keys/master.key`;
    await chmod(key, 0o644);
    expect(await examine(place)).toMatchObject({ code: 1, bad: ['secret-files', 'master-key'] });
    expect(await examine(place, ['--fix'])).toMatchObject({ code: 1 });
    expect((await stat(key)).mode & 0o777).toBe(0o600);
    expect(await examine(place)).toMatchObject({ code: 0, bad: [] });

    const right = await readFile(key, 'utf8');
    await writeFile(key, randomBytes(32).toString('base64'), { mode: 0o600 });
    expect(await examine(place)).toMatchObject({ code: 1, bad: ['master-key'] });
    const refused = await place.run(['run-all-in-one']);
    expect([refused.code, refused.stderr]).toEqual([3, expect.stringMatching(/MASTER_KEY_WRONG: .*keys\/master\.key/)]);
    expect(refused.stderr).not.toMatch(/\n\s+at /);

    await rm(key);
    const gone = await place.run(['run-all-in-one']);
    expect([gone.code, gone.stderr]).toEqual([
      3,
      expect.stringMatching(/MASTER_KEY_MISSING: .*put your copy of it back/),
    ]);
    await writeFile(key, right, { mode: 0o600 });
    expect(await examine(place)).toMatchObject({ code: 0, bad: [] });
  },
);

test('doctor runs where the database does not, and hides its password', async ({ place }) => {
  const { code, bad, findings } = await examine(place, [], {
    ASHLAR_DATABASE__MODE: 'external',
    ASHLAR_DATABASE__URL: 'postgres://ashlar:hidden-password@127.0.0.1:9/ashlar',
    ASHLAR_REDIS__URL: 'redis://:hidden-password@127.0.0.1:9',
  });
  expect([code, bad]).toEqual([1, ['redis', 'database']]);
  expect(JSON.stringify(findings)).toContain('127.0.0.1:9');
  expect(JSON.stringify(findings)).not.toContain('hidden-password');
});
