/** Code that breaks one rule of oxlint, and only that one; by the rule's name in oxlint.config.ts. */
export type LintPlant = { readonly rule: string; readonly path: string; readonly code: string };

const at = (path: string) => (rule: string, code: string) => ({ rule, path, code });
const kernel = at('src/kernel');
const domain = at('src/modules/stone/domain');
const store = at('src/modules/stone/store');
const portal = at('src/portals');
const http = at('src/kernel/http');
const tests = at('test');

const repeat = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => line(index));

/** Where the directory is given, the file is named after the rule. */
const inDirectories: readonly LintPlant[] = [
  kernel('ashlar/explained-assertion', 'export const length = (value: unknown) => (value as string).length;'),
  domain(
    'ashlar/explained-assertion',
    '// Because.\nexport const length = (value: unknown) => (value as string).length;',
  ),
  kernel(
    'ashlar/explained-suppression',
    '// oxlint-disable-next-line no-console\nexport const say = () => console.log(1);',
  ),
  kernel(
    'ashlar/explained-suppression',
    'export const one = 1;\n/* oxlint-disable */\nexport const say = () => console.log(1);',
  ),
  kernel('ashlar/explained-suppression', 'export const add = () => console.log(1); // oxlint-disable-line'),
  portal('ashlar/bodiless-portal', 'export const double = (value: number): number => 2 * value;'),
  portal('ashlar/bodiless-portal', 'export class Stone {}'),
  kernel('ashlar/no-barrel', "export * from './actor.ts';"),
  kernel('ashlar/no-barrel', "export { hasPermission } from './actor.ts';"),
  kernel('ashlar/no-barrel', "import { hasPermission } from './actor.ts';\n\nexport { hasPermission };"),
  kernel('ashlar/no-environment', "export const level = () => process.env['LEVEL'];"),
  kernel('ashlar/no-environment', "export const level = () => process['env'].LEVEL;"),
  kernel('ashlar/no-environment', 'export const level = () => globalThis.process.env;'),
  kernel('ashlar/no-environment', 'export const read = () => {\n  const { env } = process;\n  return env;\n};'),
  kernel('ashlar/no-environment', "import { env } from 'node:process';\n\nexport const level = () => env;"),
  tests('ashlar/no-fixed-sleep', 'export const wait = () => new Promise((resolve) => setTimeout(resolve, 100));'),
  tests(
    'ashlar/no-fixed-sleep',
    "import { setTimeout as sleep } from 'node:timers/promises';\n\nexport const wait = () => sleep(100);",
  ),
  store(
    'ashlar/no-foreign-schema',
    'export const list = (sql: (...parts: unknown[]) => unknown) => sql`select 1 from mortar.bags`;',
  ),
  at('src/modules/stone')(
    'ashlar/no-foreign-schema',
    "declare const pgSchema: (name: string) => unknown;\nexport const mortar = pgSchema('mortar');",
  ),
  kernel('ashlar/no-import-effect', 'globalThis.setTimeout(() => undefined, 1);\nexport {};'),
  kernel('ashlar/no-import-effect', 'export const ready = await Promise.resolve(1);'),
  http(
    'ashlar/no-late-header',
    'export const late = async (headers: Headers, next: () => Promise<void>) => {\n  await next();\n  headers.set("x", "1");\n};',
  ),
  http('ashlar/no-late-header', 'export const layer = { leave: (headers: Headers) => headers.append("x", "1") };'),
  kernel('ashlar/no-module-state', 'export let count = 0;\nexport const add = () => (count += 1);'),
  kernel('ashlar/no-module-state', 'export const cache = new Map<string, string>();'),
  store('ashlar/plain-store', 'export const save = (db: { transaction(): Promise<void> }) => db.transaction();'),
  store('ashlar/plain-store', "export const save = () => {\n  throw new Error('no');\n};"),
  domain('ashlar/pure-domain', 'export const now = () => Date.now();'),
  domain('ashlar/pure-domain', 'export const now = () => new Date();'),
  domain('ashlar/pure-domain', 'export const now = () => performance.now();'),
  domain('ashlar/pure-domain', 'export const toss = () => Math.random();'),
  domain('ashlar/pure-domain', 'export const id = () => crypto.randomUUID();'),
  domain(
    'ashlar/pure-domain',
    "import { randomBytes } from 'node:crypto';\n\nexport const key = () => randomBytes(8);",
  ),
  domain('ashlar/pure-domain', "import { v7 as newId } from 'uuid';\n\nexport const id = () => newId();"),
  domain('ashlar/pure-domain', 'export const later = (fn: () => void) => setTimeout(fn, 1);'),

  kernel(
    'complexity',
    `export const pick = (n: number) => {\n${repeat(10, (i) => `  if (n === ${i}) return ${i};`).join('\n')}\n  return -1;\n};`,
  ),
  kernel('eqeqeq', 'export const isOne = (value: unknown) => value == 1;'),
  kernel(
    'max-depth',
    'export const deep = (n: number) => {\n  if (n > 1) {\n    if (n > 2) {\n      if (n > 3) {\n        if (n > 4) return 1;\n      }\n    }\n  }\n  return 0;\n};',
  ),
  kernel('max-lines', repeat(301, (i) => `export const value${i} = ${i};`).join('\n')),
  kernel(
    'max-lines-per-function',
    `export const long = (add: (n: number) => void) => {\n${repeat(60, (i) => `  add(${i});`).join('\n')}\n};`,
  ),
  kernel('max-params', 'export const sum = (a: number, b: number, c: number, d: number) => a + b + c + d;'),
  kernel('no-console', 'export const say = () => console.log(1);'),
  kernel('no-empty', 'export const swallow = (fn: () => void) => {\n  try {\n    fn();\n  } catch {}\n};'),
  kernel('no-empty-pattern', 'export const none = (value: object) => {\n  const {} = value;\n};'),
  kernel('no-unused-vars', 'const forgotten = 1;\nexport {};'),
  kernel('no-var', 'export const one = () => {\n  var value = 1;\n  return value;\n};'),
  kernel('no-warning-comments', '// TODO later\nexport {};'),
  kernel('prefer-const', 'export const one = () => {\n  let value = 1;\n  return value;\n};'),
  kernel('import/no-default-export', 'export default 1;'),
  kernel(
    'promise/no-multiple-resolved',
    'export const both = () =>\n  new Promise((resolve) => {\n    resolve(1);\n    resolve(2);\n  });',
  ),
  kernel('typescript/ban-ts-comment', '// @ts-ignore -- the type is wrong here\nexport const one = 1;'),
  kernel('typescript/consistent-type-definitions', 'export interface Stone {\n  readonly weight: number;\n}'),
  kernel(
    'typescript/consistent-type-imports',
    "import { Actor } from './actor.ts';\n\nexport const idOf = (actor: Actor) => actor.id;",
  ),
  kernel('typescript/consistent-type-imports', "export const idOf = (actor: import('./actor.ts').Actor) => actor.id;"),
  kernel('typescript/no-explicit-any', 'export const same = (value: any) => value;'),
  kernel('typescript/no-floating-promises', 'export const start = (open: () => Promise<void>) => {\n  open();\n};'),
  kernel(
    'typescript/no-misused-promises',
    'export const each = (list: string[], fn: (s: string) => Promise<void>) => list.forEach(async (s) => fn(s));',
  ),
  kernel('typescript/no-misused-spread', 'export const copy = (value: Map<string, string>) => ({ ...value });'),
  kernel('typescript/no-non-null-assertion', 'export const first = (list: string[]) => list[0]!;'),
  kernel('typescript/only-throw-error', "export const stop = () => {\n  throw 'no';\n};"),
  kernel(
    'typescript/switch-exhaustiveness-check',
    "export const say = (kind: 'a' | 'b') => {\n  switch (kind) {\n    case 'a':\n      return 1;\n  }\n  return 0;\n};",
  ),
  kernel('unicorn/prefer-node-protocol', "import { join } from 'path';\n\nexport const both = join('a', 'b');"),
  tests(
    'vitest/no-focused-tests',
    "import { expect, test } from 'vitest';\n\ntest.only('one', () => expect(1).toBe(1));",
  ),
  tests('vitest/no-restricted-vi-methods', "import { vi } from 'vitest';\n\nvi.mock('./stone.ts');"),
].map((plant, index) => ({
  ...plant,
  path: `${plant.path}/${plant.rule.replace('/', '-')}-${index}${plant.path === 'test' ? '.test' : ''}.ts`,
}));

const useCase = (operationId: string, body = 'execute: async () => undefined') =>
  `({ operationId: '${operationId}', ${body} })`;
const usecases = 'src/modules/stone/usecases';

const named: readonly LintPlant[] = [
  {
    rule: 'ashlar/named-use-case',
    path: `${usecases}/walls/lay-stone.ts`,
    code: `export const layBrick = () => ${useCase('lay-stone')};`,
  },
  {
    rule: 'ashlar/named-use-case',
    path: `${usecases}/walls/cut-stone.ts`,
    code: `export const cutStone = () => ${useCase('cut-brick')};`,
  },
  {
    rule: 'ashlar/named-use-case',
    path: `${usecases}/turn-stone.ts`,
    code: `export const turnStone = () => ${useCase('turn-stone')};`,
  },
  {
    rule: 'ashlar/one-transaction',
    path: `${usecases}/walls/move-stone.ts`,
    code: `type Ctx = { transaction(): Promise<void> };
export const moveStone = () => ${useCase('move-stone', 'execute: async (ctx: Ctx) => { await ctx.transaction(); await ctx.transaction(); }')};`,
  },
  { rule: 'unicorn/filename-case', path: 'src/kernel/fileName.ts', code: 'export const fileName = 1;' },
];

export const lintPlants: readonly LintPlant[] = [...inDirectories, ...named];

/** Code that must pass: each stands beside a rule that could be too strict. */
export const cleanLint: Readonly<Record<string, string>> = {
  'src/kernel/actor.ts':
    'export type Actor = { readonly id: string };\nexport const hasPermission = (actor: Actor) => actor.id;',
  'src/kernel/clean.ts': `export const kinds = ['a', 'b'] as const;
export const known: ReadonlyMap<string, number> = new Map([['a', 1]]);
// The caller has checked it.
export const length = (value: unknown) => (value as string).length;
// oxlint-disable-next-line no-console -- the terminal is what this is for
export const say = () => console.log(1);
`,
  'src/kernel/config/process-environment.ts': 'export const processEnvironment = () => ({ ...process.env });',
  'src/kernel/http/clean.ts': `export const early = async (headers: Headers, next: () => Promise<void>) => {
  headers.set('x', '1');
  await next();
};
`,
  'src/modules/stone/domain/clean.ts': 'export const day = (at: number) => new Date(at);',
  'src/modules/stone/store/clean.ts':
    'export const list = (sql: (...parts: unknown[]) => unknown) => sql`select 1 from stone.walls`;',
  [`${usecases}/walls/raise-wall.ts`]: `type Ctx = { transaction(): Promise<void> };
export const raiseWall = () => ${useCase('raise-wall', 'execute: async (ctx: Ctx) => ctx.transaction()')};`,
  'test/clean.test.ts': `import { expect, test } from 'vitest';

test('waits', async () => {
  const deadline = Date.now() + 1000;
  while (Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(deadline).toBeGreaterThan(0);
});
`,
};
