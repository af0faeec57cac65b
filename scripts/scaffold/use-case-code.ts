import type { Names } from './names.ts';

export const kinds = ['user-action', 'event-subscriber', 'async-task', 'manual-command'] as const;
export type Kind = (typeof kinds)[number];

export type Wanted = { readonly module: Names; readonly topic: Names; readonly operation: Names; readonly kind: Kind };

/** What one kind of use case looks like before somebody has written its business. */
export type Shape = {
  readonly constructor: string;
  /** Lines of the head between the operation id and `execute`. */
  readonly head: readonly string[];
  readonly execute: string;
  /** What it takes from its module's portal, which is added there; null if nothing. */
  readonly portal: Exported | null;
  /** The body of its test, with `app` in scope. */
  readonly test: readonly string[];
  readonly promise: string;
  /** Lines of the page's header after the operation id. */
  readonly page: readonly string[];
};

export type Exported = { readonly name: string; readonly imports: string; readonly code: string };

export const shapeOf = (wanted: Wanted): Shape => shapes[wanted.kind](wanted);

const runIt = ({ module, operation }: Wanted): readonly string[] => [
  `await expect(run(app, '${module.kebab}.${operation.kebab}')).resolves.not.toThrow();`,
];

const accessOf = ({ module, operation }: Wanted): { readonly method: string; readonly path: string } => ({
  method: operation.kebab.startsWith('get-') ? 'GET' : 'POST',
  path: `/api/v1/${module.kebab}/${operation.kebab}`,
});

const permissionOf = ({ module, operation }: Wanted): Exported => ({
  name: `${operation.camel}Permission`,
  imports: "import type { Permission } from '#kernel/actor.ts';",
  code: `export const ${operation.camel}Permission = {
  name: '${module.kebab}:${operation.kebab}',
  description: '${operation.sentence}',
  actorTypes: ['admin'],
} as const satisfies Permission;`,
});

const eventOf = ({ module, topic }: Wanted): Exported => ({
  name: `${topic.camel}Changed`,
  imports: "import { z } from 'zod';",
  code: `export const ${topic.camel}Changed = { name: '${module.kebab}.${topic.snake}_changed', payload: z.object({}) };`,
});

const shapes: Readonly<Record<Kind, (wanted: Wanted) => Shape>> = {
  'user-action': (wanted) => {
    const { method, path } = accessOf(wanted);
    const permission = permissionOf(wanted);
    return {
      constructor: 'userAction',
      head: [
        `summary: '${wanted.operation.sentence}',`,
        `access: '${method} ${path}',`,
        "actors: ['admin'],",
        `permissions: [${permission.name}.name],`,
        'input: z.object({}),',
        'output: z.object({}),',
        'errors: {},',
      ],
      execute: 'execute: () => Promise.resolve({}),',
      portal: permission,
      promise: 'is refused to whoever has not signed in',
      test: [
        `const response = await app.http.request('${path}', { method: '${method}' });`,
        'expect(response.status).toBe(401);',
      ],
      page: [
        `**access**: \`${method} ${path}\``,
        '**actor**: admin',
        `**permissions**: \`${wanted.module.kebab}:${wanted.operation.kebab}\``,
      ],
    };
  },
  'event-subscriber': (wanted) => {
    const event = eventOf(wanted);
    return {
      constructor: 'eventSubscriber',
      head: [`event: ${event.name},`],
      execute: 'execute: () => Promise.resolve(),',
      portal: event,
      promise: 'has the same effect when the event is delivered again',
      test: [...runIt(wanted), ...runIt(wanted)],
      page: [`**event**: \`${wanted.module.kebab}.${wanted.topic.snake}_changed\``],
    };
  },
  'async-task': (wanted) => ({
    constructor: 'asyncTask',
    head: ['payload: z.object({}),'],
    execute: 'execute: () => Promise.resolve(),',
    portal: null,
    promise: 'has the same effect when it runs again',
    test: [...runIt(wanted), ...runIt(wanted)],
    page: ['**schedule**: none'],
  }),
  'manual-command': (wanted) => ({
    constructor: 'manualCommand',
    head: [
      `summary: '${wanted.operation.sentence}',`,
      `usage: '${wanted.module.kebab} ${wanted.operation.kebab}',`,
      'input: z.object({}),',
      'output: z.object({}),',
      'errors: {},',
      "render: () => 'Done.',",
    ],
    execute: 'execute: () => Promise.resolve({}),',
    portal: null,
    promise: 'answers what it did',
    test: [`expect(await run(app, '${wanted.module.kebab}.${wanted.operation.kebab}')).toEqual({});`],
    page: [`**usage**: \`${wanted.module.kebab} ${wanted.operation.kebab}\``],
  }),
};
