import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

import { findStale, write } from '../../scripts/generated.ts';
import { openSandbox, root, type Sandbox } from './sandbox.ts';
import { typePlants } from './type-plants.ts';

describe('the compiler', () => {
  /** They say what is compiled and how, and refuse nothing. */
  const settings = new Set(['target', 'lib', 'module', 'moduleResolution', 'types', 'noEmit', 'skipLibCheck']);
  const planted = typePlants.map((plant, index) => ({ ...plant, path: `src/${plant.option}-${index}.ts` }));
  let sandbox: Sandbox;
  let complaints: string;

  beforeAll(async () => {
    sandbox = await openSandbox({ copies: ['tsconfig.json', 'package.json'], hasPackages: true });
    await sandbox.plant(Object.fromEntries(planted.map(({ path, code }) => [path, `${code}\n`])));
    complaints = (await sandbox.run('tsc', ['--noEmit', '--pretty', 'false'])).output;
  });
  afterAll(() => sandbox.remove());

  test.for(planted)('$option: $complaint', ({ path, complaint }) => {
    const found = complaints.split('\n').filter((line) => line.startsWith(`${path}(`));
    expect(found.map((line) => line.match(/TS\d+/)?.[0])).toEqual([complaint]);
  });

  test('every option that refuses something has a planted violation', async () => {
    const { compilerOptions } = z
      .object({ compilerOptions: z.record(z.string(), z.unknown()) })
      .parse(JSON.parse(await readFile(join(root, 'tsconfig.json'), 'utf8')));
    const strict = Object.keys(compilerOptions).filter((option) => !settings.has(option));
    expect(new Set(typePlants.map(({ option }) => option))).toEqual(new Set(strict));
  });
});

describe('the search for dead code', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await openSandbox({ copies: ['knip.jsonc', 'tsconfig.json'], hasPackages: true });
    await sandbox.plant({
      'package.json': JSON.stringify({ type: 'module', dependencies: { zod: '4.0.0', 'lru-cache': '11.0.0' } }),
      'src/main.ts': "import 'zod';\nimport 'hono';\nimport { used } from './used.ts';\n\nused();\n",
      'src/used.ts': 'export const used = () => undefined;\nexport const unused = 1;\nexport type Unused = 1;\n',
      'src/forgotten.ts': 'export const forgotten = 1;\n',
    });
  });
  afterAll(() => sandbox.remove());

  test('names the file, the export, the type and the package that nobody uses, and the package that nobody lists', async () => {
    const { code, output } = await sandbox.run('knip', ['--reporter=compact', '--no-config-hints']);
    expect(code).toBe(1);
    for (const found of ['src/forgotten.ts', 'unused', 'Unused', 'lru-cache', 'hono']) expect(output).toContain(found);
    expect(output).not.toContain('zod');
  });
});

describe('the formatter', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await openSandbox({ copies: ['.oxfmtrc.json'], hasPackages: false });
    await sandbox.plant({ 'src/crooked.ts': 'export const a = "1"', 'src/straight.ts': "export const a = '1';\n" });
  });
  afterAll(() => sandbox.remove());

  test('names the file that is not in its format', async () => {
    const { code, output } = await sandbox.run('oxfmt', ['--list-different', '.']);
    expect([code, output.trim().split('\n')]).toEqual([1, ['src/crooked.ts']]);
  });
});

describe('generated files', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await openSandbox({ copies: [], hasPackages: false });
  });
  afterAll(() => sandbox.remove());

  test('one that is absent or old is named, until it is written', () => {
    const values = { 'gen/a.json': { a: 1 }, 'gen/b.json': [1] };
    write(sandbox.path, findStale(sandbox.path, { ...values, 'gen/b.json': [2] }));

    const stale = findStale(sandbox.path, values);

    expect(stale.map(({ path }) => path)).toEqual(['gen/b.json']);
    write(sandbox.path, stale);
    expect(findStale(sandbox.path, values)).toEqual([]);
  });
});
