import { type AddressInfo, createServer } from 'node:net';

import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';

import type { ServedAction } from './action-route.ts';
import { action, createFixture, echo, jsonOf, sendRaw, serveFixture, until } from './testing/fixture.ts';
import { type HttpServer, openHttpServer } from './server.ts';

const opened: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close()));
});

const open = async (
  usecases: readonly ServedAction[],
  options: Parameters<typeof createFixture>[1] = {},
  metricsPort: number | null = null,
) => {
  const fixture = await createFixture(usecases, options);
  const server = await serveFixture(fixture, metricsPort);
  opened.push(server);
  return { ...fixture, server };
};

const empty = z.object({});
/** An action that waits until it is told to answer. */
const gate = () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const started = Promise.withResolvers<AbortSignal>();
  const waiting = action({
    access: 'GET /api/v1/gate',
    input: empty,
    output: empty,
    execute: async ({ signal }) => {
      started.resolve(signal);
      await promise;
      return {};
    },
  });
  return { waiting, started: started.promise, release: resolve };
};

const head = (lines: readonly string[]) =>
  `${['POST /api/v1/echo HTTP/1.1', 'Host: 127.0.0.1', ...lines].join('\r\n')}\r\n\r\n`;
const isWhole = (answer: string) => /\r\n\r\n\{.*\}$/s.test(answer);

test('answers over a socket, and again on the same connection', async () => {
  const { server } = await open([echo()]);
  const one = `${head(['content-type: application/json', 'content-length: 12'])}{"name":"a"}`;

  const answers = await sendRaw(server.url, one + one, (answer) => answer.split('{"name":"a"}').length === 3);

  expect(answers.match(/HTTP\/1.1 200 OK/g)).toHaveLength(2);
});

test('says in one line which port is taken and what to do', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  // A TCP server that listens has a port.
  const { port } = other.address() as AddressInfo;
  const { app, log } = await createFixture([]);

  const failure = await openHttpServer(app, { host: '127.0.0.1', port, metricsPort: null, log }).catch(
    (error: unknown) => error,
  );

  expect(failure).toMatchObject({ code: 'PORT_IN_USE', kind: 'conflict' });
  expect(String(failure)).toMatch(new RegExp(`127\\.0\\.0\\.1:${port}.*http\\.port \\(ASHLAR_HTTP__PORT\\)`));
  other.close();
});

test('serves metrics on a port of their own if there is one, and then only there', async () => {
  const { server } = await open([], { config: { metricsPort: 0 } }, 0);

  expect((await fetch(`${server.metricsUrl}/metrics`)).status).toBe(200);
  expect((await fetch(`${server.metricsUrl}/health`)).status).toBe(200);
  expect((await fetch(`${server.url}/metrics`)).status).toBe(404);
});

test.each([
  ['with a length', ['content-length: 70000']],
  ['in chunks', ['transfer-encoding: chunked']],
])('answers 413 to a body too large %s, without waiting for all of it', async (_how, lines) => {
  const { server } = await open([echo()]);
  const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
  const body = lines[0]?.includes('chunked') ? chunk + chunk : 'x'.repeat(1000);

  const answer = await sendRaw(server.url, head(['content-type: application/json', ...lines]) + body, isWhole);

  expect(answer).toContain('HTTP/1.1 413');
  expect(answer).toContain('"code":"BODY_TOO_LARGE"');
  expect(answer).toContain('"limitBytes":65536');
});

test('lets a client that sends far too much read its answer', async () => {
  const { server } = await open([echo()]);

  const answer = await fetch(`${server.url}/api/v1/echo`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: 'x'.repeat(8_000_000),
  });

  expect([answer.status, (await jsonOf(answer))['code']]).toEqual([413, 'BODY_TOO_LARGE']);
});

test('gives a body the time of its request and no more', async () => {
  const { server } = await open([echo()], { config: { timeoutSeconds: 0.1 } });

  const answer = await sendRaw(
    server.url,
    `${head(['content-type: application/json', 'content-length: 100'])}{"na`,
    isWhole,
  );

  expect(answer).toContain('HTTP/1.1 408');
  expect(answer).toContain('"code":"BODY_TIMEOUT"');
});

test('leaves what fetch answers an instance of Response', async () => {
  const { server } = await open([]);

  expect(await fetch(`${server.url}/health`)).toBeInstanceOf(Response);
});

test('tells a client that waits for it to go on', async () => {
  const { server } = await open([echo()]);
  const request = `${head(['content-type: application/json', 'content-length: 12', 'expect: 100-continue'])}{"name":"a"}`;

  const answer = await sendRaw(server.url, request, isWhole);

  expect(answer).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK/);
});

test.each([
  ['no HTTP', 'rubbish\r\n\r\n', 400, 'REQUEST_MALFORMED'],
  ['an unknown method', 'BREW / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', 400, 'REQUEST_MALFORMED'],
  [
    'headers of 20 KB',
    `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`,
    431,
    'HEADERS_TOO_LARGE',
  ],
  ['a target of 20 KB', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`, 431, 'HEADERS_TOO_LARGE'],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400, 'REQUEST_MALFORMED'],
  ['a Host that is none', 'GET / HTTP/1.1\r\nHost: a b/c\r\n\r\n', 400, 'REQUEST_MALFORMED'],
  ['a foreign Host', 'GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n', 421, 'HOST_NOT_SERVED'],
  ['OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', 400, 'REQUEST_MALFORMED'],
  ['two lengths', head(['content-length: 1', 'content-length: 2']), 400, 'REQUEST_MALFORMED'],
  ['a length and chunks', head(['content-length: 1', 'transfer-encoding: chunked']), 400, 'REQUEST_MALFORMED'],
  [
    'a broken chunk',
    `${head(['content-type: application/json', 'transfer-encoding: chunked'])}zz\r\n`,
    400,
    'REQUEST_MALFORMED',
  ],
  ['an unknown expectation', head(['expect: wonders', 'content-length: 0']), 417, 'EXPECTATION_FAILED'],
  ['a tunnel', 'CONNECT evil.example:443 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', 405, 'METHOD_NOT_ALLOWED'],
  ['two slashes', 'GET //api/v1/echo HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', 404, 'ROUTE_NOT_FOUND'],
  ['dots', 'GET /../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', 404, 'ROUTE_NOT_FOUND'],
])('answers %s with a problem document', async (_what, ...[request, status, code]) => {
  const { server } = await open([echo()]);

  const answer = await sendRaw(server.url, request, isWhole);

  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(answer).toContain('content-type: application/problem+json');
  expect(answer).toContain(`"code":"${code}"`);
});

test('aborts the use case when its client goes away', async () => {
  const { waiting, started, release } = gate();
  const { server } = await open([waiting]);
  const controller = new AbortController();
  const request = fetch(`${server.url}/api/v1/gate`, { signal: controller.signal }).catch(() => null);
  const signal = await started;

  controller.abort();

  await until(() => signal.aborted);
  release();
  await request;
});

test('believes X-Forwarded-For only from trusted proxies, up to the first stranger', async () => {
  const addressOf = async (trustedProxies: readonly string[], forwarded: string) => {
    const { server, lines } = await open([], { config: { trustedProxies } });
    await fetch(`${server.url}/x`, { headers: { 'x-forwarded-for': forwarded } });
    return lines[0]?.['address'];
  };

  expect(await addressOf([], '203.0.113.9')).toBe('127.0.0.1');
  expect(await addressOf(['127.0.0.0/8'], '203.0.113.9')).toBe('203.0.113.9');
  expect(await addressOf(['127.0.0.0/8', '10.0.0.0/8'], '1.2.3.4, 203.0.113.9, 10.1.1.1')).toBe('203.0.113.9');
  expect(await addressOf(['127.0.0.0/8'], '203.0.113.9, rubbish')).toBe('127.0.0.1');
  expect(await addressOf(['127.0.0.0/8'], '2001:db8::1')).toBe('2001:db8::1');
});

test('answers what it accepted before it stops, and says so to every connection', async () => {
  const { waiting, started, release } = gate();
  const { server, app } = await open([waiting]);
  const request = fetch(`${server.url}/api/v1/gate`);
  await started;

  const drained = server.drain({ delaySeconds: 0, deadlineSeconds: 5 });
  await until(() => app.inFlight.size === 1);
  release();

  const answer = await request;
  expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close']);
  expect(await drained).toBe(true);
  await expect(fetch(`${server.url}/health`)).rejects.toThrow('fetch failed');
});

test('is not ready while it still serves during the delay', async () => {
  const { server } = await open([echo()]);

  const drained = server.drain({ delaySeconds: 0.3, deadlineSeconds: 5 });

  expect((await fetch(`${server.url}/ready`)).status).toBe(503);
  expect((await fetch(`${server.url}/api/v1/nothing`)).status).toBe(404);
  expect(await drained).toBe(true);
});

test('answers SHUTTING_DOWN to what outlives the deadline', async () => {
  const { waiting, started, release } = gate();
  const { server } = await open([waiting]);
  const request = fetch(`${server.url}/api/v1/gate`);
  const signal = await started;

  const isClean = await server.drain({ delaySeconds: 0, deadlineSeconds: 0.1 });

  const answer = await request;
  expect([answer.status, (await jsonOf(answer))['code'], isClean, signal.aborted]).toEqual([
    503,
    'SHUTTING_DOWN',
    false,
    true,
  ]);
  release();
});

test('is not held up by a connection on which nobody asks anything', async () => {
  const { server } = await open([]);
  const silent = sendRaw(server.url, '');

  expect(await server.drain({ delaySeconds: 0, deadlineSeconds: 3 })).toBe(true);

  expect(await silent).toBe('');
});

test('drops nothing that it accepted while clients hammer it', async () => {
  const { server } = await open([echo('GET /api/v1/things/{name}')]);
  let answered = 0;
  let failed = 0;
  let isStopping = false;
  const client = async () => {
    while (true) {
      const answer = await fetch(`${server.url}/api/v1/things/x`).catch(
        (error: { cause?: { code?: string } }) => error,
      );
      if (answer instanceof Response) {
        await answer.arrayBuffer();
        answered += 1;
        continue;
      }
      // Refused was never accepted; whatever else was.
      if (!isStopping || answer.cause?.code !== 'ECONNREFUSED') failed += 1;
      return;
    }
  };
  const clients = Array.from({ length: 20 }, client);
  await until(() => answered > 200);

  isStopping = true;
  expect(await server.drain({ delaySeconds: 0, deadlineSeconds: 5 })).toBe(true);
  await Promise.all(clients);

  expect(failed).toBe(0);
});
