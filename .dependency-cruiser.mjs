import './lint/swc-visitor.mjs';

// Who may import whom: ARCHITECTURE.md, as rules. Each has a planted violation in test/fence/graph-plants.ts.
const unit = '^src/modules/([^/]+)/';
const beside = '(\\.test\\.ts$|/testing/)';
const sql = '^node_modules/(drizzle-orm|postgres|drizzle-kit)/';

/** @type {import('dependency-cruiser').IForbiddenRuleType[]} */
const forbidden = [
  {
    name: 'no-cycles',
    comment: 'Files in a cycle can only be read, tested and replaced together.',
    from: {},
    to: { circular: true },
  },
  {
    name: 'everything-resolves',
    comment: 'An import that does not resolve escapes every other rule here.',
    from: {},
    to: { couldNotResolve: true },
  },
  {
    name: 'modules-meet-at-portals',
    comment: 'A module that reaches into another can no longer run in a process of its own.',
    from: { path: unit },
    to: { path: '^src/modules/', pathNot: '^src/modules/$1/' },
  },
  {
    name: 'modules-do-not-know-the-app',
    comment: 'Only the app puts modules together.',
    from: { path: '^src/(modules|portals)/', pathNot: beside },
    to: { path: '^src/(app/|main\\.ts$)' },
  },
  {
    name: 'kernel-knows-no-business',
    comment: 'A mechanism that knows a module serves only that one.',
    from: { path: '^src/kernel/' },
    to: { path: '^src/(modules|portals|app)/' },
  },
  {
    name: 'portals-are-contracts',
    comment: 'What a portal imports, every module that uses the portal loads.',
    from: { path: '^src/portals/' },
    to: { pathNot: '^(src/(portals|kernel)/|node_modules/zod/)' },
  },
  {
    name: 'app-sees-only-the-front-of-a-module',
    comment: 'What the app takes from inside a module, the module can no longer change.',
    from: { path: '^src/(app/|main\\.ts$)', pathNot: beside },
    to: { path: unit, pathNot: '/(module|config|deps)\\.ts$' },
  },
  {
    name: 'domain-is-pure',
    comment: 'Rules that read a clock, a file or a row cannot be held still by a table of cases.',
    from: { path: `${unit}domain/`, pathNot: beside },
    to: {
      pathNot: [
        '^src/modules/$1/domain/',
        '^src/portals/',
        '^src/kernel/(actor|error|page)\\.ts$',
        '^(node:)?(buffer|crypto|url|util)$',
        '^node_modules/',
      ],
    },
  },
  {
    name: 'domain-needs-no-server',
    comment: 'The packages that reach a database or the network.',
    from: { path: `${unit}domain/`, pathNot: beside },
    to: { path: ['^node_modules/(hono|@hono|commander|pino|undici|ioredis|nodemailer)/', sql] },
  },
  {
    name: 'sql-only-in-store',
    comment: 'SQL in a use case is found by nobody who changes the schema.',
    from: {
      path: '^src/',
      pathNot: [`${unit}(store/|schema\\.ts$)`, '^src/kernel/(database|tasks|events)/', '\\.test\\.ts$'],
    },
    to: { path: sql },
  },
  {
    name: 'connections-only-in-kernel',
    comment:
      'A module gets its database from the kernel, as a type; with a connection of its own it escapes lanes and spans.',
    from: { path: `${unit}(?!store/|schema\\.ts$)`, pathNot: beside },
    to: { path: '^src/kernel/database/', pathNot: '^src/kernel/database/database\\.ts$' },
  },
  {
    name: 'store-is-the-bottom',
    comment: 'A statement that decides business cannot be reused; what it needs comes as an argument.',
    from: { path: `${unit}store/`, pathNot: beside },
    to: { path: '^src/(modules/[^/]+/(?!store/|domain/|schema\\.ts$)|kernel/error\\.ts$)' },
  },
  {
    name: 'logic-does-not-call-use-cases',
    comment: 'A use case is called by the kernel, which checks who asks.',
    from: { path: `${unit}(?!module\\.ts$|usecases/)`, pathNot: beside },
    to: { path: `${unit}usecases/` },
  },
  {
    name: 'use-cases-do-not-call-each-other',
    comment: 'Two use cases in one run would be two transactions, two audits and one answer; share logic/ instead.',
    from: { path: `${unit}usecases/`, pathNot: beside },
    to: { path: `${unit}usecases/` },
  },
  {
    name: 'http-and-cli-only-in-mounts',
    comment: 'A route or a command written by hand escapes session, permission, span and document.',
    from: { path: '^src/', pathNot: '^src/(kernel/(http|commands)|app)/' },
    to: { path: '^node_modules/(hono|@hono/[^/]+|commander)/' },
  },
  {
    name: 'product-needs-no-test',
    comment: 'What only tests use is not shipped.',
    from: { path: '^src/', pathNot: beside },
    to: { path: ['^(test|scripts|lint|bench)/', beside] },
  },
  {
    name: 'product-needs-no-dev-package',
    comment: 'It would work until the first installation without development packages.',
    // A migration is proposed where one develops: the production image has no drizzle-kit.
    from: { path: '^src/', pathNot: [beside, '^src/kernel/database/migrate/schema-difference\\.ts$'] },
    to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
  },
].map((rule) => ({ severity: 'error', ...rule }));

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden,
  options: {
    // TypeScript 7 has no API for it to parse with: without swc it cruises nothing, and reports success.
    parser: 'swc',
    // Packages that are links are judged by where they are imported from.
    preserveSymlinks: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
