import fc from 'fast-check';
import { expect } from 'vitest';
import { z } from 'zod';

import { describeApp } from '#app/describe-app.ts';
import { listUserActions } from '#app/usecases.ts';
import { test } from '#test/app.ts';
import { buildActor } from '#test/build.ts';

const actions = listUserActions(await describeApp());
const seed = 20_261_121;
/** Hashing makes a sign-in dear; the shapes of its input are soon through. */
const runsOf = (operationId: string): number => (operationId === 'admin-login' ? 100 : 500);

const anyValue = fc.oneof(
  fc.anything({ maxDepth: 3, withNullPrototype: false }),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.constantFrom(
    '\0',
    '\uD800',
    '1e999',
    -0,
    2 ** 53,
    '٣',
    'ﬀ',
    '\u202E',
    "' or 1=1 --",
    '${env:HOME}',
    '__proto__',
    [],
  ),
);

/** Inputs that name the fields of the head, so that they get past the first look. */
const anyInput = (fields: readonly string[]) =>
  fc.dictionary(fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...fields, 'other') }, fc.string()), anyValue, {
    maxKeys: fields.length + 1,
  });

const fieldsOf = (schema: z.ZodType): readonly string[] =>
  schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];

const textOf = (value: unknown): string => {
  try {
    return String(JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? `${item}` : item)));
  } catch {
    // fast-check also makes objects whose toJSON is no function.
    return '{}';
  }
};

test.for(actions.map(({ module, usecase }) => [`${module}.${usecase.operationId}`, usecase] as const))(
  '%s answers whatever it is given without a 5xx and without a stack',
  { timeout: 60_000 },
  async ([, action], { app }) => {
    const [method = '', template = ''] = action.access.split(' ');
    const hasBody = method !== 'GET' && method !== 'DELETE';
    const http = app.as(buildActor());
    const property = fc.asyncProperty(anyInput(fieldsOf(action.input)), async (input) => {
      const id = encodeURIComponent(textOf(input['id']).slice(0, 50).toWellFormed());
      const path = template.replaceAll(/\{\w+\}/g, id || 'x');
      const query = new URLSearchParams(Object.entries(input).map(([key, value]) => [key, textOf(value)]));
      const headers = { 'content-type': 'application/json' };
      const response = hasBody
        ? await http.request(path, { method, headers, body: textOf(input) })
        : await http.request(`${path}?${query.toString()}`, { method });
      const answer = await response.text();
      expect({ answer, isOurFault: response.status >= 500 }).toEqual({ answer, isOurFault: false });
      expect(answer).not.toMatch(/\n\s+at |node_modules|\/src\//);
    });
    await fc.assert(property, { numRuns: runsOf(action.operationId), seed });
  },
);
