import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';
import { z } from 'zod';

import { action, createFixture } from './testing/fixture.ts';
import { createOpenApi } from './openapi.ts';

type Tree = { name: string; children: Tree[] };
const tree: z.ZodType<Tree> = z.object({
  name: z.string(),
  get children() {
    return z.array(tree);
  },
});

const info = { title: 'Probe', version: '1.0.0' };
const actions = [
  action({
    operationId: 'update-thing',
    summary: 'Changes a thing.',
    access: 'PUT /api/v1/things/{id}',
    actors: ['admin', 'service_acc'],
    permissions: ['probe:manage-things'],
    input: z.object({
      id: z.uuid(),
      name: z.string().min(1).describe('Shown in lists.'),
      note: z.string().optional(),
      version: z.int(),
    }),
    output: z.object({ id: z.uuid(), changedAt: z.date() }),
    errors: { THING_NOT_FOUND: 'not_found', NAME_TAKEN: 'conflict', VERSION_CONFLICT: 'conflict' },
    execute: async (_ctx, { id }) => ({ id, changedAt: new Date() }),
  }),
  action({
    operationId: 'get-things',
    access: 'GET /api/v1/things',
    input: z.object({ limit: z.coerce.number().int().min(1).max(200).default(50), cursor: z.string().optional() }),
    output: z.object({ items: z.array(tree), nextCursor: z.string().nullable() }),
    execute: async () => ({ items: [], nextCursor: null }),
  }),
  action({
    operationId: 'delete-thing',
    access: 'DELETE /api/v1/things/{id}',
    input: z.object({ id: z.uuid(), tree: tree.optional() }),
    output: null,
    execute: async () => undefined,
  }),
];

const operation = (path: string, method: string): Record<string, unknown> => {
  // The shape of every OpenAPI document, as the first test proves.
  const { paths } = createOpenApi(actions, info) as { paths: Record<string, Record<string, Record<string, unknown>>> };
  return paths[path]?.[method] ?? {};
};

test('is a valid OpenAPI 3.1 document', async () => {
  const validator = new Validator();

  const result = await validator.validate(structuredClone(createOpenApi(actions, info)));

  expect(result.errors).toBeUndefined();
  expect([result.valid, validator.version]).toEqual([true, '3.1']);
});

test('is refused by the same validator when it is not one', async () => {
  const document = structuredClone(createOpenApi(actions, info));
  delete document['info'];

  expect((await new Validator().validate(document)).valid).toBe(false);
});

test('is the same for the same heads in any order', () => {
  expect(JSON.stringify(createOpenApi(actions.toReversed(), info))).toBe(JSON.stringify(createOpenApi(actions, info)));
});

test('tells of an operation who may, what goes in and what may come out', () => {
  expect(operation('/api/v1/things/{id}', 'put')).toMatchObject({
    operationId: 'probe.update-thing',
    tags: ['probe'],
    summary: 'Changes a thing.',
    security: [{ bearer: [] }],
    'x-actors': ['admin', 'service_acc'],
    'x-permissions': ['probe:manage-things'],
    parameters: [
      { name: 'id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } },
      { $ref: '#/components/parameters/IdempotencyKey' },
    ],
    requestBody: {
      required: true,
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['name', 'version'],
            additionalProperties: false,
            properties: { name: { description: 'Shown in lists.' } },
          },
        },
      },
    },
    responses: {
      200: {
        content: {
          'application/json': { schema: { properties: { changedAt: { type: 'string', format: 'date-time' } } } },
        },
      },
      404: { description: '`THING_NOT_FOUND`' },
      409: { description: '`IDEMPOTENCY_KEY_REUSED`, `NAME_TAKEN`, `REQUEST_IN_PROGRESS`, `VERSION_CONFLICT`' },
      413: { description: '`BODY_TOO_LARGE`' },
    },
  });
});

test('describes the query of a list, with what stands for what is left out', () => {
  const { parameters, security } = operation('/api/v1/things', 'get');

  expect(security).toEqual([]);
  expect(parameters).toEqual([
    { name: 'limit', in: 'query', required: false, schema: { type: 'integer', minimum: 1, maximum: 200, default: 50 } },
    { name: 'cursor', in: 'query', required: false, schema: { type: 'string' } },
  ]);
});

test('leaves no reference dangling, also of a schema that contains itself', () => {
  const document = createOpenApi(actions, info);
  const text = JSON.stringify(document);
  const names = Array.from(text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g), ([, name]) => name);
  // As above.
  const { schemas } = document['components'] as { schemas: object };

  expect(names.length).toBeGreaterThan(2);
  expect(text).not.toContain('$defs');
  for (const name of names) expect(Object.keys(schemas)).toContain(name);
});

test('is served at /openapi.json', async () => {
  const { send } = await createFixture(actions);

  expect(await (await send('/openapi.json')).json()).toEqual(JSON.parse(JSON.stringify(createOpenApi(actions, info))));
});
