import fc from 'fast-check';
import { expect } from 'vitest';
import { z } from 'zod';

import type { UserAction } from '#kernel/usecase.ts';
import type { TestApp } from '#test/app.ts';
import { buildActor } from '#test/build.ts';

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

/** What a header may hold; most requests come without. */
const anyKey = fc.option(
  fc.oneof(fc.constantFrom('', ' ', 'a', '__proto__', "'", 'x'.repeat(300)), fc.string({ unit: 'grapheme-ascii' })),
  { freq: 1 },
);

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

type Scale = { readonly numRuns: number; readonly seed: number };

/** Fails with the smallest input that is answered with a 5xx or with a stack. */
export const fuzzAction = async (app: TestApp, action: UserAction, scale: Scale): Promise<void> => {
  const [method = '', template = ''] = action.access.split(' ');
  const hasBody = method !== 'GET' && method !== 'DELETE';
  const http = app.as(buildActor());
  const property = fc.asyncProperty(anyInput(fieldsOf(action.input)), anyKey, async (input, key) => {
    const id = encodeURIComponent(textOf(input['id']).slice(0, 50).toWellFormed());
    const path = template.replaceAll(/\{\w+\}/g, id || 'x');
    const query = new URLSearchParams(Object.entries(input).map(([name, value]) => [name, textOf(value)]));
    const headers = { 'content-type': 'application/json', ...(key !== null && { 'idempotency-key': key }) };
    const response = hasBody
      ? await http.request(path, { method, headers, body: textOf(input) })
      : await http.request(`${path}?${query.toString()}`, { method, headers });
    const answer = await response.text();
    expect({ answer, isOurFault: response.status >= 500 }).toEqual({ answer, isOurFault: false });
    expect(answer).not.toMatch(/\n\s+at |node_modules|\/src\//);
  });
  await fc.assert(property, scale);
};
