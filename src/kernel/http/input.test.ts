import { expect, test } from 'vitest';
import { z } from 'zod';

import { action, createFixture, type Fixture, jsonOf } from './testing/fixture.ts';

const input = z.object({
  id: z.string(),
  text: z.string().optional(),
  tags: z.array(z.string()).optional(),
  limit: z.coerce.number().int().optional(),
  any: z.unknown().optional(),
});
const output = z.object({ input: z.unknown() });
const echoAll = (access: 'GET /api/v1/things/{id}' | 'POST /api/v1/things/{id}') =>
  action({ access, input, output, execute: async (_ctx, given) => ({ input: given }) });

const open = () => createFixture([echoAll('GET /api/v1/things/{id}'), echoAll('POST /api/v1/things/{id}')]);

const inputOf = async (answer: Response): Promise<unknown> => (await jsonOf(answer))['input'];
const refusalOf = async (answer: Response): Promise<unknown> => {
  const { status, code, fields, detail } = await jsonOf(answer);
  return fields === undefined ? [status, code, detail] : [status, code, fields];
};
const sendText = (
  { send }: Fixture,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = { 'content-type': 'application/json' },
) => send('/api/v1/things/x', { method: 'POST', headers, body });

test('takes path and query together; the path wins', async () => {
  const { send } = await open();

  expect(await inputOf(await send('/api/v1/things/from-path?id=from-query&limit=5&text=a+b%20c'))).toEqual({
    id: 'from-path',
    limit: 5,
    text: 'a b c',
  });
});

test('takes path and body together; the path wins', async () => {
  const { send } = await open();

  const answer = await send('/api/v1/things/from-path', {
    method: 'POST',
    headers: { 'content-type': 'application/json; charset=UTF-8' },
    body: '{"id":"from-body","text":"ä"}',
  });

  expect(await inputOf(answer)).toEqual({ id: 'from-path', text: 'ä' });
});

test('needs no body where no field of it is needed', async () => {
  const { send } = await open();

  expect(await inputOf(await send('/api/v1/things/x', { method: 'POST' }))).toEqual({ id: 'x' });
});

test('takes a repeated key of the query as a list where a list is wanted, and refuses it elsewhere', async () => {
  const { send } = await open();

  expect(await inputOf(await send('/api/v1/things/x?tags=a&tags=b'))).toEqual({ id: 'x', tags: ['a', 'b'] });
  expect(await inputOf(await send('/api/v1/things/x?tags=a'))).toEqual({ id: 'x', tags: ['a'] });
  expect(await refusalOf(await send('/api/v1/things/x?text=a&text=b'))).toEqual([
    400,
    'INPUT_INVALID',
    { text: ['is given more than once'] },
  ]);
});

test('refuses an unknown field of the query', async () => {
  const { send } = await open();

  expect(await refusalOf(await send('/api/v1/things/x?limt=5'))).toEqual([
    400,
    'INPUT_INVALID',
    { limt: ['is not a field of this operation; did you mean limit?'] },
  ]);
});

test.each([
  ['/api/v1/things/%zz', 'path'],
  ['/api/v1/things/%ff', 'path'],
  ['/api/v1/things/a%00b', 'path'],
  ['/api/v1/things/x?text=%zz', 'query'],
  ['/api/v1/things/x?text=%c3', 'query'],
  ['/api/v1/things/x?text=a%00b', 'text'],
])('refuses %s, whose text cannot be what anybody meant', async (path, field) => {
  const { send } = await open();

  expect(await refusalOf(await send(path))).toEqual([400, 'INPUT_INVALID', { [field]: [expect.any(String)] }]);
});

test('takes an encoded slash as part of a parameter', async () => {
  const { send } = await open();

  expect(await inputOf(await send('/api/v1/things/a%2Fb'))).toEqual({ id: 'a/b' });
});

test.each([
  ['not JSON', '{"text":', 'is not valid JSON'],
  ['no object', '[1]', 'must be a JSON object'],
  ['null', 'null', 'must be a JSON object'],
  ['U+0000', '{"text":"a\\u0000b"}', 'holds the character U+0000'],
  ['U+0000 in a key', '{"any":{"a\\u0000":1}}', 'holds the character U+0000'],
  ['a lone surrogate', '{"text":"\\ud800"}', 'holds a surrogate without its pair'],
  ['a lone surrogate deep down', '{"any":[{"a":["\\udc00"]}]}', 'holds a surrogate without its pair'],
  ['33 levels', `{"any":${'['.repeat(32)}${']'.repeat(32)}}`, 'is nested deeper than 32 levels'],
  ['a hundred thousand levels', `${'['.repeat(30_000)}${']'.repeat(30_000)}`, 'is nested deeper than 32 levels'],
])('refuses a body with %s', async (_what, body, message) => {
  expect(await refusalOf(await sendText(await open(), body))).toEqual([400, 'INPUT_INVALID', { $: [message] }]);
});

test('refuses a body that is not UTF-8', async () => {
  const bytes = new Uint8Array([...Buffer.from('{"text":"'), 0xff, ...Buffer.from('"}')]);

  expect(await refusalOf(await sendText(await open(), bytes))).toEqual([
    400,
    'INPUT_INVALID',
    { $: ['is not valid UTF-8'] },
  ]);
});

test('takes 32 levels, pairs of surrogates and whatever else is text', async () => {
  const nested = `${'['.repeat(31)}${']'.repeat(31)}`;
  const answer = await sendText(await open(), `{"any":${nested},"text":"\\ud83d\\ude00 \\u0001 \\uffff"}`);

  expect(await inputOf(answer)).toMatchObject({ text: '\u{1f600} \u0001 \uffff' });
});

test('takes __proto__ for what it is: an unknown field', async () => {
  const fixture = await open();

  expect(await refusalOf(await sendText(fixture, '{"__proto__":{"isAdmin":true}}'))).toEqual([
    400,
    'INPUT_INVALID',
    expect.any(Object),
  ]);
  expect(await refusalOf(await fixture.send('/api/v1/things/x?__proto__=1&constructor=2'))).toEqual([
    400,
    'INPUT_INVALID',
    expect.any(Object),
  ]);
  expect(Object.hasOwn(Object.prototype, 'isAdmin')).toBe(false);
});

test.each([
  ['text/plain', {}],
  ['application/json; charset=latin1', {}],
  ['application/jsonp', {}],
  ['multipart/form-data; boundary=x', {}],
  ['application/json', { 'content-encoding': 'gzip' }],
])('refuses a body of type %s %o', async (type, headers) => {
  const answer = await sendText(await open(), '{}', { 'content-type': type, ...headers });

  expect(await refusalOf(answer)).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE', expect.any(String)]);
});

test('keeps objects open that say so themselves', async () => {
  const { post } = await createFixture([
    action({
      access: 'POST /api/v1/loose',
      input: z.object({ labels: z.looseObject({}), map: z.record(z.string(), z.string()) }),
      output,
      execute: async (_ctx, given) => ({ input: given }),
    }),
  ]);
  const body = { labels: { a: 1 }, map: { b: 'x' } };

  expect(await inputOf(await post('/api/v1/loose', body))).toEqual(body);
});

test('refuses unknown fields at every depth, also of a schema that contains itself', async () => {
  type Tree = { name: string; children?: Tree[] | undefined };
  const tree: z.ZodType<Tree> = z.object({
    name: z.string(),
    get children() {
      return z.array(tree).optional();
    },
  });
  const { post } = await createFixture([
    action({
      access: 'POST /api/v1/trees',
      input: z.object({ root: tree }),
      output: null,
      execute: async () => undefined,
    }),
  ]);

  expect((await post('/api/v1/trees', { root: { name: 'a', children: [{ name: 'b' }] } })).status).toBe(204);
  expect(
    await refusalOf(await post('/api/v1/trees', { root: { name: 'a', children: [{ name: 'b', nam: 1 }] } })),
  ).toEqual([400, 'INPUT_INVALID', { 'root.children.0.nam': ['is not a field of this operation'] }]);
});

test('keeps the rules that a schema adds to its fields', async () => {
  const range = z
    .object({ from: z.number(), to: z.number() })
    .refine(({ from, to }) => from <= to, { error: 'from is after to', path: ['from'] });
  const { post } = await createFixture([
    action({ access: 'POST /api/v1/ranges', input: range, output: null, execute: async () => undefined }),
  ]);

  expect(await refusalOf(await post('/api/v1/ranges', { from: 2, to: 1 }))).toEqual([
    400,
    'INPUT_INVALID',
    { from: ['from is after to'] },
  ]);
});
