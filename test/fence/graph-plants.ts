/** One import that breaks one rule of dependency-cruiser, and only that one. */
export type GraphPlant = { readonly rule: string; readonly from: string; readonly to: string };

const plant = (rule: string, from: string, to: string): GraphPlant => ({ rule, from: `src/${from}`, to });

export const graphPlants: readonly GraphPlant[] = [
  plant('everything-resolves', 'kernel/lost.ts', './nowhere.ts'),
  plant('modules-meet-at-portals', 'modules/stone/logic/neighbour.ts', '#modules/mortar/domain/mix.ts'),
  plant('modules-meet-at-portals', 'modules/stone/logic/relative.ts', '../../mortar/domain/mix.ts'),
  plant('modules-meet-at-portals', 'modules/stone/neighbour.test.ts', '#modules/mortar/module.ts'),
  plant('modules-do-not-know-the-app', 'modules/stone/logic/upward.ts', '#app/app.ts'),
  plant('kernel-knows-no-business', 'kernel/knows-module.ts', '#modules/mortar/module.ts'),
  plant('kernel-knows-no-business', 'kernel/knows-portal.ts', '../portals/mortar.ts'),
  plant('kernel-knows-no-business', 'kernel/knows-app.ts', '#app/app.ts'),
  plant('portals-are-contracts', 'portals/needs-node.ts', 'node:fs'),
  plant('portals-are-contracts', 'portals/needs-package.ts', 'lru-cache'),
  plant('app-sees-only-the-front-of-a-module', 'app/nosy.ts', '#modules/mortar/store/bags.ts'),
  plant('domain-is-pure', 'modules/stone/domain/reads-files.ts', 'node:fs'),
  plant('domain-is-pure', 'modules/stone/domain/calls.ts', 'node:http'),
  plant('domain-is-pure', 'modules/stone/domain/connects.ts', 'node:net'),
  plant('domain-is-pure', 'modules/stone/domain/starts.ts', 'node:child_process'),
  plant('domain-is-pure', 'modules/stone/domain/waits.ts', 'node:timers/promises'),
  plant('domain-is-pure', 'modules/stone/domain/makes-ids.ts', '#kernel/ids.ts'),
  plant('domain-is-pure', 'modules/stone/domain/reads-rows.ts', '../store/walls.ts'),
  plant('domain-needs-no-server', 'modules/stone/domain/logs.ts', 'pino'),
  plant('sql-only-in-store', 'modules/stone/logic/asks.ts', 'drizzle-orm'),
  plant('sql-only-in-store', 'modules/stone/usecases/walls/ask-wall.ts', 'postgres'),
  plant('sql-only-in-store', 'kernel/http/asks.ts', 'drizzle-orm'),
  plant('connections-only-in-kernel', 'modules/stone/logic/connects.ts', '#kernel/database/open-session.ts'),
  plant('store-is-the-bottom', 'modules/stone/store/decides.ts', '../logic/plain.ts'),
  plant('store-is-the-bottom', 'modules/stone/store/refuses.ts', '#kernel/error.ts'),
  plant('logic-does-not-call-use-cases', 'modules/stone/logic/calls.ts', '../usecases/walls/plain-wall.ts'),
  plant('use-cases-do-not-call-each-other', 'modules/stone/usecases/walls/call-wall.ts', './plain-wall.ts'),
  plant('http-and-cli-only-in-mounts', 'modules/stone/logic/serves.ts', 'hono'),
  plant('http-and-cli-only-in-mounts', 'kernel/listens.ts', '@hono/node-server'),
  plant('http-and-cli-only-in-mounts', 'modules/stone/logic/commands.ts', 'commander'),
  plant('product-needs-no-test', 'kernel/tested.ts', '#test/build.ts'),
  plant('product-needs-no-test', 'kernel/half-tested.ts', './testing/helper.ts'),
  plant('product-needs-no-dev-package', 'kernel/develops.ts', 'vitest'),
];

/** Where the imports above lead, and what must be allowed. */
export const landscape: Readonly<Record<string, string>> = {
  'src/main.ts': "import { app } from '#app/app.ts';\nexport { app };",
  'src/app/app.ts':
    "import { mortar } from '#modules/mortar/module.ts';\nimport 'commander';\nexport const app = mortar;",
  'src/kernel/ids.ts': 'export {};',
  'src/kernel/error.ts': 'export {};',
  'src/kernel/database/database.ts': "import type { Sql } from 'postgres';\nexport type Database = Sql;",
  'src/kernel/database/open-session.ts': "import 'postgres';\nexport {};",
  'src/kernel/testing/helper.ts': "import 'vitest';\nexport {};",
  'src/kernel/http/app.ts': "import 'hono';\nexport {};",
  'src/portals/mortar.ts': "import { z } from 'zod';\nexport const event = z;",
  'src/modules/mortar/module.ts': 'export const mortar = 1;',
  'src/modules/mortar/domain/mix.ts': "import { createHash } from 'node:crypto';\nexport const hash = createHash;",
  'src/modules/mortar/store/bags.ts': "import 'drizzle-orm';\nimport '#kernel/database/open-session.ts';\nexport {};",
  'src/modules/stone/logic/plain.ts': "import '../store/walls.ts';\nimport '#portals/mortar.ts';\nexport {};",
  'src/modules/stone/store/walls.ts': "import 'drizzle-orm';\nexport {};",
  'src/modules/stone/usecases/walls/plain-wall.ts':
    "import type { Database } from '#kernel/database/database.ts';\nexport type D = Database;",
  'src/modules/stone/usecases/walls/plain-wall.test.ts': "import './plain-wall.ts';\nimport '#test/build.ts';",
  'test/build.ts': 'export {};',
};

/** Forms of import that a parser could overlook, each in a file of its own; all lead to a forbidden place. */
export const forms: readonly string[] = [
  "import '#app/app.ts';",
  "import type { App } from '#app/app.ts';\nexport type A = App;",
  "export * from '#app/app.ts';",
  "export const load = async () => (await import('#app/app.ts')).app;",
  "export const load = { open: () => import('#app/app.ts') } satisfies object;",
  "export const load = async (file: AsyncDisposable) => {\n  await using held = file;\n  return import('#app/app.ts');\n};",
  "export class Loader {\n  static { void import('#app/app.ts'); }\n}",
];
