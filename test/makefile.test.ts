import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { root } from '#app/release.ts';

type Outcome = { readonly code: number; readonly stdout: string; readonly stderr: string };

let folder: string;

/** The real Makefile, with stand-ins for npm and ashlar that write down how they were called. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ashlar-make-'));
  await copyFile(join(root, 'Makefile'), join(folder, 'Makefile'));
  await writeFile(join(folder, 'package-lock.json'), '1');
  await mkdir(join(folder, 'bin'));
  const npm = `#!/bin/sh\necho "npm $*" >> calls\n[ "$1" != ci ] || { rm -rf node_modules; mkdir node_modules; }\nexit "\${EXIT:-0}"\n`;
  await writeFile(join(folder, 'bin', 'npm'), npm, { mode: 0o755 });
  await writeFile(join(folder, 'ashlar'), '#!/bin/sh\necho "ashlar $*" >> calls\n', { mode: 0o755 });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const make = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> =>
  new Promise((resolve) => {
    const options = { cwd: folder, env: { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, ...env } };
    execFile('make', args, options, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });

const calls = async (): Promise<readonly string[]> =>
  (await readFile(join(folder, 'calls'), 'utf8')).trim().split('\n');

const install = 'npm ci --ignore-scripts --no-audit --no-fund --loglevel=error';

describe('make', () => {
  test('installs before the first run, and not before the second', async () => {
    await make(['run']);
    await make(['run']);
    expect(await calls()).toEqual([install, 'ashlar run-all-in-one', 'ashlar run-all-in-one']);
  });

  test('installs again once the lock file says something else', async () => {
    await make(['install']);
    await writeFile(join(folder, 'package-lock.json'), '2');
    await make(['install']);
    await make(['install']);
    expect(await calls()).toEqual([install, install]);
  });

  test('tries again after an installation that failed, and runs nothing on top of it', async () => {
    expect(await make(['run'], { EXIT: '1' })).toMatchObject({ code: 2 });
    await make(['run']);
    expect(await calls()).toEqual([install, install, 'ashlar run-all-in-one']);
  });

  test('prints nothing of its own under a test run, so that the last line is its result', async () => {
    expect(await make(['test'])).toEqual({ code: 0, stdout: '', stderr: '' });
    expect((await calls()).at(-1)).toBe('npm run --silent test');
  });

  test('names a migration as its file will be named', async () => {
    await make(['migrate-create', 'name=auth_add_locale']);
    expect((await calls()).at(-1)).toBe('ashlar migrate create auth add_locale');
    for (const args of [['migrate-create'], ['migrate-create', 'name=auth'], ['migrate-create', 'name=auth_']]) {
      expect(await make(args)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('usage: make migrate-create'),
      });
    }
  });
});
