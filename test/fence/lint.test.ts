import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

import config from '../../oxlint.config.ts';
import { cleanLint, lintPlants } from './lint-plants.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';

const report = z.object({ diagnostics: z.array(z.object({ code: z.string(), filename: z.string() })) });

let sandbox: Sandbox;
const reported = new Map<string, Set<string>>();

beforeAll(async () => {
  const copies = ['oxlint.config.ts', 'lint', 'tsconfig.json', 'package.json'];
  sandbox = await openSandbox({ copies, hasPackages: true });
  const plants = lintPlants.map(({ path, code }) => [path, `${code}\n`]);
  await sandbox.plant({ ...cleanLint, ...Object.fromEntries(plants) });
  const { output } = await sandbox.run('oxlint', ['--format=json', 'src', 'test']);
  for (const { code, filename } of report.parse(JSON.parse(output)).diagnostics) {
    const rules = reported.get(filename) ?? new Set();
    reported.set(filename, rules.add(nameOf(code)));
  }
});
afterAll(() => sandbox.remove());

/** `typescript(no-explicit-any)` is `typescript/no-explicit-any` in the config, and `eslint(complexity)` is `complexity`. */
const nameOf = (code: string): string => code.replace(/^eslint\((.+)\)$/, '$1').replace(/^([\w-]+)\((.+)\)$/, '$1/$2');

describe('the linter', () => {
  test.for(lintPlants)('reports $rule in $path, and nothing else', ({ rule, path }) => {
    expect([...(reported.get(path) ?? [])]).toEqual([rule]);
  });

  test.for(Object.keys(cleanLint))('has nothing against %s', (path) => {
    expect([...(reported.get(path) ?? [])]).toEqual([]);
  });

  test('every rule that is switched on by name has a planted violation', () => {
    const rules = Object.entries(config.rules).filter(([, level]) => level !== 'off');
    const planted = new Set(lintPlants.map(({ rule }) => rule));
    expect(rules.map(([rule]) => rule).filter((rule) => !planted.has(rule))).toEqual([]);
  });
});
