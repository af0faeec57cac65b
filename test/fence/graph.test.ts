import { globSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

import { forms, graphPlants, landscape } from './graph-plants.ts';
import { openSandbox, root, runTool, type Sandbox } from './sandbox.ts';

const report = z.object({
  modules: z.array(z.object({ source: z.string(), dependencies: z.array(z.unknown()) })),
  summary: z.object({
    violations: z.array(z.object({ from: z.string(), rule: z.object({ name: z.string() }) })),
    ruleSetUsed: z.object({ forbidden: z.array(z.object({ name: z.string() })) }),
  }),
});

const cruise = async (run: (tool: string, args: readonly string[]) => Promise<{ readonly output: string }>) =>
  report.parse(JSON.parse((await run('depcruise', ['src', '--output-type=json'])).output));

const cycle = { 'src/kernel/left.ts': "import './right.ts';", 'src/kernel/right.ts': "import './left.ts';" };
const typeCycle = {
  'src/kernel/up.ts': "import type { Down } from './down.ts';\nexport type Up = Down;",
  'src/kernel/down.ts': "import type { Up } from './up.ts';\nexport type Down = Up;",
};

/** Stand-ins: the real ones would be reached through a link out of the sandbox, under other paths. */
const packages = (names: readonly string[]) =>
  Object.fromEntries(
    names.flatMap((name) => [
      [`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' })],
      [`node_modules/${name}/index.js`, ''],
    ]),
  );

const product = ['hono', '@hono/node-server', 'commander', 'drizzle-orm', 'postgres', 'zod', 'lru-cache', 'pino'];
const versions = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, '1.0.0']));
const manifest = {
  type: 'module',
  imports: {
    '#kernel/*': './src/kernel/*',
    '#portals/*': './src/portals/*',
    '#modules/*': './src/modules/*',
    '#app/*': './src/app/*',
    '#test/*': './test/*',
  },
  dependencies: versions(product),
  devDependencies: versions(['vitest']),
};

let sandbox: Sandbox;
let violations: ReadonlyMap<string, readonly string[]>;
let rules: readonly string[];

beforeAll(async () => {
  sandbox = await openSandbox({ copies: ['.dependency-cruiser.mjs', 'lint'], hasPackages: false });
  await sandbox.plant({
    'package.json': JSON.stringify(manifest),
    ...packages([...product, 'vitest']),
    // The config borrows it: only that one is real.
    'node_modules/@swc/core/package.json': JSON.stringify({ name: '@swc/core', version: '1.0.0' }),
    'node_modules/@swc/core/Visitor.js': `module.exports = require(${JSON.stringify(`${root}/node_modules/@swc/core/Visitor.js`)});`,
    ...landscape,
    ...cycle,
    ...typeCycle,
    ...Object.fromEntries(graphPlants.map(({ from, to }) => [from, `import '${to}';`])),
    ...Object.fromEntries(forms.map((code, index) => [`src/kernel/form-${index}.ts`, code])),
  });
  const { summary } = await cruise(sandbox.run);
  violations = new Map(
    Object.entries(Object.groupBy(summary.violations, ({ from }) => from)).map(([from, found = []]) => [
      from,
      [...new Set(found.map(({ rule }) => rule.name))],
    ]),
  );
  rules = summary.ruleSetUsed.forbidden.map(({ name }) => name);
});
afterAll(() => sandbox.remove());

describe('the boundaries', () => {
  test.for(graphPlants)('$rule refuses $from → $to', ({ rule, from }) => {
    expect(violations.get(from)).toEqual([rule]);
  });

  test('no-cycles refuses two files that need each other, be it only for their types', () => {
    // Each is reported once, at whichever of its files comes first.
    for (const files of [cycle, typeCycle]) {
      expect(Object.keys(files).flatMap((file) => violations.get(file) ?? [])).toEqual(['no-cycles']);
    }
  });

  test.for(Object.keys(landscape))('nothing is said against %s', (file) => {
    expect(violations.get(file)).toBeUndefined();
  });

  test.for(forms.map((code, index) => ({ code, index })))('no form of import escapes: $code', ({ index }) => {
    expect(violations.get(`src/kernel/form-${index}.ts`)).toEqual(['kernel-knows-no-business']);
  });

  test('every rule has a planted violation', () => {
    expect(new Set(rules)).toEqual(new Set(['no-cycles', ...graphPlants.map(({ rule }) => rule)]));
  });

  test('every file on disk is cruised, and imports are found in them', async () => {
    const { modules } = await cruise((tool, args) => runTool(root, tool, args));
    const cruised = modules.filter(({ source }) => /^src\/.*\.ts$/.test(source));
    expect(cruised.map(({ source }) => source).toSorted()).toEqual(globSync('src/**/*.ts', { cwd: root }).toSorted());
    expect(cruised.flatMap(({ dependencies }) => dependencies).length).toBeGreaterThan(cruised.length);
  });
});
