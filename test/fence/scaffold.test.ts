import { globSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { openSandbox, root, type Sandbox } from './sandbox.ts';

const configs = ['*.config.ts', '.ox*', '.dependency-cruiser.mjs', 'knip.jsonc', 'tsconfig.json', 'package.json'];
const folders = ['src', 'test', 'lint', 'scripts', 'docs', 'config', 'migrations'];
const project = [...folders, ...globSync(configs, { cwd: root })];

const usecases = [
  'walls/raise-wall user-action',
  'walls/get-wall user-action',
  'walls/count-stones event-subscriber',
  'walls/point-joints async-task',
  'quarry/open-quarry manual-command',
];

describe('what new:module and new:usecase write', () => {
  let sandbox: Sandbox;
  const problems: string[] = [];
  const runScript = async (...args: readonly string[]) => {
    const { code, output } = await sandbox.run('node', args);
    if (code !== 0) problems.push(output);
  };

  beforeAll(async () => {
    sandbox = await openSandbox({ copies: project, hasPackages: true });
    await runScript('scripts/new-module.ts', 'masonry');
    await runScript('scripts/new-module.ts', 'carpentry');
    for (const usecase of usecases) await runScript('scripts/new-usecase.ts', 'masonry', ...usecase.split(' '));
  }, 180_000);
  afterAll(() => sandbox.remove());

  test('passes the fence, with use cases and without', { timeout: 120_000 }, async () => {
    await runScript('scripts/check.ts');
    expect(problems).toEqual([]);
  });

  test('passes its own tests and those of the documents', { timeout: 120_000 }, async () => {
    const { code, output } = await sandbox.run('node', [
      'scripts/test.ts',
      'src/modules/masonry',
      'test/documents.test.ts',
    ]);
    expect({ code, output }).toMatchObject({
      code: 0,
      output: expect.stringMatching(/\n[1-9]\d* passed, 0 failed\n$/),
    });
    for (const usecase of usecases) expect(output).toContain(usecase.split(/[/ ]/)[1]);
  });

  test('is on the command line, and in the API document', async () => {
    const { output } = await sandbox.run('node', ['src/main.ts', 'masonry', '--help']);
    expect(output).toContain('open-quarry');
    const { output: paths } = await sandbox.run('node', [
      '-p',
      "Object.keys(JSON.parse(fs.readFileSync('docs/gen/openapi.json')).paths).join('\\n')",
    ]);
    expect(paths).toContain('/api/v1/masonry/raise-wall');
  });

  test('is refused where a use case is already', async () => {
    const { code, output } = await sandbox.run('node', [
      'scripts/new-usecase.ts',
      'masonry',
      'walls/get-wall',
      'async-task',
    ]);
    expect([code, output]).toEqual([2, expect.stringContaining('is there already')]);
  });
});
