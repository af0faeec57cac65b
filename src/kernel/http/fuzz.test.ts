import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';

import { action, actorOf, createFixture, type Fixture, sendRaw, serveFixture } from './testing/fixture.ts';
import { anyRequest, isHttp } from './testing/fuzz-requests.ts';
import type { HttpServer } from './server.ts';

const count = 10_000;
const seed = 20_261_121;

const things = z.object({
  id: z.uuid(),
  name: z.string().max(10).optional(),
  tags: z.array(z.string()).optional(),
  nested: z.object({ a: z.number() }).optional(),
});
const output = z.object({ given: z.unknown() });
const given = async (_ctx: unknown, input: unknown) => ({ given: input });
const actions = [
  action({ access: 'POST /api/v1/things/{id}', input: things, output, execute: given }),
  action({ access: 'GET /api/v1/things/{id}', input: things.omit({ nested: true }), output, execute: given }),
  action({ access: 'PUT /api/v1/free', input: z.looseObject({}), output, execute: given }),
  action({
    access: 'GET /api/v1/lists',
    input: z.object({ limit: z.coerce.number().int().default(50), cursor: z.string().optional() }),
    output,
    execute: given,
  }),
  action({
    access: 'DELETE /api/v1/guarded',
    actors: ['user'],
    permissions: ['probe:x'],
    input: z.object({}),
    output: null,
    execute: async () => undefined,
  }),
];
const planted = [
  action({
    access: 'GET /planted/throws',
    input: z.object({}),
    output: null,
    execute: () => Promise.reject(new TypeError('planted')),
  }),
  action({
    access: 'GET /planted/leaks',
    input: z.object({}),
    output: null,
    errors: { LEAKS: 'invalid' },
    execute: async (_ctx, _input, fail) => {
      throw fail('LEAKS', { message: new Error('planted').stack });
    },
  }),
];

let fixture: Fixture;
let server: HttpServer;
beforeAll(async () => {
  fixture = await createFixture([...actions, ...planted], {
    config: { timeoutSeconds: 1 },
    actors: { good: actorOf({ type: 'user' }) },
  });
  server = await serveFixture(fixture);
  // Read and packed once; meanwhile a request for it would miss the short deadline.
  await fixture.send('/docs');
});
afterAll(() => server.close());

/** What no answer may hold, whatever was asked. Null if it is clean. */
const flawOf = (answer: string): string | null => {
  if (/^HTTP\/1\.1 5\d\d/m.test(answer)) return 'a status of 500 or above';
  return /\n? +at .*:\d+:\d+|node_modules|\/src\/kernel\//.test(answer) ? 'a stack' : null;
};

test(`${count} generated requests get no 5xx and no stack, and alert nobody`, { timeout: 60_000 }, async () => {
  const requests = fc.sample(anyRequest, { numRuns: count, seed });
  const statuses = new Map<string, number>();
  const sendAll = async () => {
    for (let request = requests.pop(); request !== undefined; request = requests.pop()) {
      const answer = await sendRaw(server.url, request, (part) => !isHttp(request) && part.length > 0);
      const flaw = flawOf(answer);
      expect(
        flaw,
        `${flaw} in the answer to ${JSON.stringify(request.toString('latin1').slice(0, 2000))}:\n${answer.slice(0, 2000)}`,
      ).toBeNull();
      const status = answer.slice(9, 12);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: 40 }, sendAll));

  expect(fixture.alerts).toEqual([]);
  expect(fixture.lines.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  // The generator reaches past the parser: otherwise the run would prove little.
  for (const status of ['200', '400', '401', '404', '405', '413', '415', '431'])
    expect(statuses.get(status) ?? 0).toBeGreaterThan(10);
});

test.each([
  ['/planted/throws', 'a status of 500 or above'],
  ['/planted/leaks', 'a stack'],
])('the same check finds %s', async (path, flaw) => {
  const answer = await sendRaw(server.url, `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`);

  expect(flawOf(answer)).toBe(flaw);
});
