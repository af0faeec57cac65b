import { z } from 'zod';

import { kernelErrors } from '../error.ts';
import type { Rate } from '../limits/rate.ts';
import { isStreamOutput } from '../stream-output.ts';
import type { Errors, UserAction } from '../usecase.ts';
import { operationOf, type ServedAction } from './action-route.ts';
import { createRepetition } from './answer-once.ts';
import { hasQuery } from './input.ts';
import { statusOf } from './problem.ts';
import { refuseUnknown } from './schema.ts';

export type OpenApiInfo = { readonly title: string; readonly version: string };

type JsonObject = { [key: string]: unknown };
type ObjectSchema = { properties: Record<string, JsonObject>; required: readonly string[] };

/** The OpenAPI 3.1 document of these actions: the same bytes for the same heads, in whatever order they come. */
export const createOpenApi = (usecases: readonly ServedAction[], info: OpenApiInfo): JsonObject => {
  const components: JsonObject = {};
  const paths: Record<string, JsonObject> = {};
  const sorted = usecases.toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  for (const served of sorted) {
    const [method = '', path = ''] = served.usecase.access.split(' ');
    (paths[path] ??= {})[method.toLowerCase()] = describeOperation(served, components);
  }
  return {
    openapi: '3.1.0',
    info,
    servers: [{ url: '/' }],
    tags: [...new Set(sorted.map(({ module }) => module))].toSorted().map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      parameters: { IdempotencyKey: idempotencyKey },
      schemas: { Problem: problemSchema, ...components },
    },
  };
};

const sortKey = ({ usecase: { access } }: ServedAction): string => access.split(' ').toReversed().join(' ');

const describeOperation = (served: ServedAction, components: JsonObject): JsonObject => {
  const { module, usecase } = served;
  const operation = operationOf(served);
  return {
    operationId: operation,
    tags: [module],
    summary: usecase.summary,
    ...describeInput(usecase, (schema) => toSchema(schema, { io: 'input', operation, components })),
    responses: {
      ...describeSuccess(usecase, (schema) => toSchema(schema, { io: 'output', operation, components })),
      ...describeErrors(usecase),
    },
    security: usecase.actors === 'anonymous' ? [] : [{ bearer: [] }],
    ...(usecase.actors !== 'anonymous' && { 'x-actors': usecase.actors }),
    'x-permissions': usecase.permissions,
    ...(usecase.rate && { 'x-rate': describeRate(usecase.rate) }),
  };
};

/** What holds besides the limits of every actor and address, which the operator sets. */
const describeRate = ({ key, limit, perSeconds, burst }: Rate): JsonObject => ({
  key: typeof key === 'string' ? key : `field ${key.field}`,
  limit,
  perSeconds,
  burst,
});

type ToSchema = (schema: z.ZodType) => JsonObject;

const describeInput = (action: UserAction, toJson: ToSchema): JsonObject => {
  const schema = toJson(refuseUnknown(action.input));
  const inPath = Array.from(action.access.matchAll(/\{(\w+)\}/g), ([, name = '']) => name);
  const { properties, required } = asObject(schema);
  const inQuery = hasQuery(action) ? Object.keys(properties).filter((name) => !inPath.includes(name)) : [];
  const parameters = [
    ...inPath.map((name) => describeParameter('path', name, { required: true, schema: properties[name] ?? {} })),
    ...inQuery.map((name) =>
      describeParameter('query', name, { required: required.includes(name), schema: properties[name] ?? {} }),
    ),
    ...(createRepetition(action) === null ? [] : [{ $ref: '#/components/parameters/IdempotencyKey' }]),
  ];
  return {
    ...(parameters.length > 0 && { parameters }),
    ...(!hasQuery(action) && describeBody(schema, inPath)),
  };
};

const idempotencyKey: JsonObject = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'Made up by the client, one for each change. The same request with the same key is run once within 24 hours; when it is repeated it gets the first answer again, with `Idempotency-Replayed: true`.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};

const describeParameter = (
  place: 'path' | 'query',
  name: string,
  { required, schema: { description, ...schema } }: { readonly required: boolean; readonly schema: JsonObject },
): JsonObject => ({ name, in: place, required, ...(description !== undefined && { description }), schema });

const describeBody = (schema: JsonObject, inPath: readonly string[]): JsonObject => {
  const { properties, required } = asObject(schema);
  const rest = Object.fromEntries(Object.entries(properties).filter(([name]) => !inPath.includes(name)));
  const needed = required.filter((name) => !inPath.includes(name));
  if (schema['type'] === 'object' && Object.keys(rest).length === 0) return {};
  const { required: _required, ...others } = schema;
  const body =
    schema['type'] === 'object'
      ? { ...others, properties: rest, ...(needed.length > 0 && { required: needed }) }
      : schema;
  return { requestBody: { required: schema['type'] !== 'object' || needed.length > 0, content: jsonOf(body) } };
};

const describeSuccess = ({ output, status = 200 }: UserAction, toJson: ToSchema): JsonObject =>
  output === null
    ? { 204: { description: 'Done.' } }
    : isStreamOutput(output)
      ? { 200: { description: output.description, content: { [output.mediaType]: { schema: { type: 'string' } } } } }
      : { [status]: { description: 'Done.', content: jsonOf(toJson(output)) } };

const jsonOf = (schema: JsonObject): JsonObject => ({ 'application/json': { schema } });

const everyError: Errors = pickErrors([
  'INPUT_INVALID',
  'HOST_NOT_SERVED',
  'RATE_LIMITED',
  'REQUEST_TIMEOUT',
  'SHUTTING_DOWN',
  'INTERNAL',
]);
const bodyErrors: Errors = pickErrors(['BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE']);
const sessionErrors: Errors = {
  ...pickErrors(['UNAUTHENTICATED', 'TOKEN_EXPIRED', 'SESSION_ENDED', 'PERMISSION_DENIED', 'DATABASE_UNAVAILABLE']),
};
const repetitionErrors: Errors = pickErrors(['IDEMPOTENCY_KEY_REUSED', 'REQUEST_IN_PROGRESS', 'DATABASE_UNAVAILABLE']);
const restrictionErrors: Errors = { PASSWORD_CHANGE_REQUIRED: 'forbidden', MFA_ENROLMENT_REQUIRED: 'forbidden' };

function pickErrors(codes: readonly (keyof typeof kernelErrors)[]): Errors {
  return Object.fromEntries(codes.map((code) => [code, kernelErrors[code]]));
}

/** Every code under its status, the kernel's included. */
const describeErrors = (action: UserAction): JsonObject => {
  const all: Errors = {
    ...everyError,
    ...(!hasQuery(action) && bodyErrors),
    ...(action.actors !== 'anonymous' && sessionErrors),
    ...(createRepetition(action) !== null && repetitionErrors),
    ...(action.actors !== 'anonymous' && action.restricted !== true && restrictionErrors),
    ...action.errors,
  };
  const codesOf = Object.groupBy(Object.keys(all).toSorted(), (code) => statusOf(code, all[code] ?? 'internal'));
  return Object.fromEntries(
    Object.entries(codesOf).map(([status, codes = []]) => [
      status,
      { ...describeProblem(codes), ...(status === '429' && { headers: rateHeaders }) },
    ]),
  );
};

/** draft-ietf-httpapi-ratelimit-headers-11 */
const rateHeaders: JsonObject = {
  'Retry-After': { description: 'Seconds until one more is allowed.', schema: { type: 'integer', minimum: 1 } },
  RateLimit: { description: 'What is left: `"policy";r=0;t=2`.', schema: { type: 'string' } },
  'RateLimit-Policy': { description: 'What is allowed: `"policy";q=100;w=2`.', schema: { type: 'string' } },
};

const describeProblem = (codes: readonly string[]): JsonObject => ({
  description: codes.map((code) => `\`${code}\``).join(', '),
  content: {
    'application/problem+json': {
      schema: { allOf: [{ $ref: '#/components/schemas/Problem' }, { properties: { code: { enum: codes } } }] },
    },
  },
});

const problemSchema: JsonObject = {
  type: 'object',
  description: 'Problem details (RFC 9457).',
  required: ['type', 'title', 'status', 'code', 'traceId'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', description: 'Stable; for programs.' },
    traceId: { type: 'string', pattern: '^[0-9a-f]{32}$', description: 'Finds the request in logs and traces.' },
    detail: { type: 'string' },
    fields: {
      type: 'object',
      description: 'Messages by the path of the field; `$` is the input as a whole.',
      additionalProperties: { type: 'array', items: { type: 'string' } },
    },
    details: { type: 'object', description: 'What else the code promises.' },
  },
};

type SchemaPlace = { readonly io: 'input' | 'output'; readonly operation: string; readonly components: JsonObject };

/** JSON Schema 2020-12, which OpenAPI 3.1 takes as it is, but for shared definitions: they move to the components. */
const toSchema = (schema: z.ZodType, { io, operation, components }: SchemaPlace): JsonObject => {
  const {
    $schema: _$schema,
    $defs = {},
    ...json
  } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type === 'date') Object.assign(jsonSchema, { type: 'string', format: 'date-time' });
      // What is answered may gain fields in a later release.
      if (io === 'output') delete jsonSchema.additionalProperties;
    },
  });
  const nameOf = (definition: string) => `${operation}.${io}.${definition}`;
  const move = (part: unknown): JsonObject =>
    JSON.parse(
      JSON.stringify(part).replaceAll(/"\$ref":"#\/\$defs\/([^"]+)"/g, (_match, name: string) =>
        JSON.stringify({ $ref: `#/components/schemas/${nameOf(name)}` }).slice(1, -1),
      ),
    );
  for (const [name, definition] of Object.entries($defs)) components[nameOf(name)] = move(definition);
  return move(json);
};

const asObject = ({ properties = {}, required = [] }: JsonObject): ObjectSchema =>
  // Made by zod from an object schema.
  ({ properties, required }) as ObjectSchema;
