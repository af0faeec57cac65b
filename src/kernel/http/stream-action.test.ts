import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';

import { AppError } from '../error.ts';
import type { Streamed } from '../stream-output.ts';
import type { HttpServer } from './server.ts';
import { action, createFixture, sendRaw, serveFixture, until } from './testing/fixture.ts';

const opened: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close()));
});

const output = { mediaType: 'application/x-ndjson', description: 'Lines.' };

const streamOf = (
  body: () => Streamed['body'],
  access: 'GET /api/v1/lines' | 'POST /api/v1/lines' = 'GET /api/v1/lines',
) =>
  action({
    access,
    input: z.object({}),
    output,
    errors: { NO_LINES: 'not_found' },
    timeoutSeconds: 1,
    execute: async () => ({ body: body(), headers: { 'content-disposition': 'attachment' } }),
  });

const serve = async (body: () => Streamed['body']) => {
  const fixture = await createFixture([streamOf(body)]);
  const server = await serveFixture(fixture);
  opened.push(server);
  return { ...fixture, url: `${server.url}/api/v1/lines`, server };
};

const large = 'x'.repeat(65_536);

test('answers text and bytes as they come, with its media type and headers, and never compressed', async () => {
  const { send } = await createFixture([
    streamOf(async function* () {
      yield 'one\n';
      yield new TextEncoder().encode('two\n');
      yield large;
    }),
  ]);

  const answer = await send('/api/v1/lines', { headers: { 'accept-encoding': 'gzip' } });

  expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
  expect(answer.headers.get('content-disposition')).toBe('attachment');
  expect(answer.headers.get('content-encoding')).toBe(null);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(await answer.text()).toBe(`one\ntwo\n${large}`);
});

test('may take longer than its time limit once it has begun', async () => {
  const late = Promise.withResolvers<void>();
  setTimeout(late.resolve, 1_500);
  const { url } = await serve(async function* () {
    yield 'one';
    await late.promise;
    yield 'two';
  });
  expect(await (await fetch(url)).text()).toBe('onetwo');
});

test('asks for no more than the client takes', async () => {
  let asked = 0;
  const { url } = await serve(async function* () {
    for (; asked < 5_000; asked += 1) yield large;
  });
  const answer = await fetch(url);
  const reader = answer.body?.getReader();
  await reader?.read();
  // What fits into the buffers on the way is asked for, and then nothing more.
  let before = -1;
  await until(() => {
    const isSteady = before === asked;
    before = asked;
    return isSteady;
  });
  expect(asked).toBeLessThan(500);
  await reader?.cancel();
});

test('ends the source when the client goes away', async () => {
  let isEnded = false;
  const { url } = await serve(async function* () {
    try {
      for (;;) yield large;
    } finally {
      isEnded = true;
    }
  });
  const answer = await fetch(url);
  await answer.body?.cancel();
  await until(() => isEnded);
});

test('breaks off when the source fails, so that no part is taken for the whole, and somebody is told', async () => {
  const { server, alerts } = await serve(async function* () {
    yield 'one';
    await Promise.reject(new Error('the disk is gone'));
  });
  const answer = await sendRaw(server.url, 'GET /api/v1/lines HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  expect(answer).toContain('one');
  expect(answer).not.toContain('0\r\n\r\n');
  expect(answer).not.toContain('disk');
  expect(alerts).toMatchObject([{ operation: 'probe.get-api-v1-lines', error: { code: 'INTERNAL' } }]);
});

test('answers a declared failure before it begins as any action does', async () => {
  const failing = action({
    access: 'GET /api/v1/lines',
    input: z.object({}),
    output,
    errors: { NO_LINES: 'not_found' },
    execute: () => Promise.reject(new AppError('NO_LINES', { kind: 'not_found' })),
  });
  const { send } = await createFixture([failing]);
  expect((await send('/api/v1/lines')).status).toBe(404);
});

test('asks the source for nothing when only the head is wanted', async () => {
  let isAsked = false;
  const { send } = await createFixture([
    streamOf(async function* () {
      isAsked = true;
      yield 'one';
    }),
  ]);
  expect((await send('/api/v1/lines', { method: 'HEAD' })).status).toBe(200);
  expect(isAsked).toBe(false);
});

test('is for actions that only read', async () => {
  const posting = streamOf(async function* () {}, 'POST /api/v1/lines');
  await expect(createFixture([posting])).rejects.toThrow('that is for GET alone');
});
