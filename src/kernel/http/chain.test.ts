import { setTimeout as sleep } from 'node:timers/promises';

import { expect, test } from 'vitest';
import { z } from 'zod';

import { action, createFixture, echo, jsonOf, until } from './testing/fixture.ts';

const empty = z.object({});

test('answers what the use case returns, with the security headers and the request id', async () => {
  const { post } = await createFixture([echo()]);

  const answer = await post('/api/v1/echo', { name: 'ashlar' });

  expect(answer.status).toBe(200);
  expect(await jsonOf(answer))['toEqual']({ name: 'ashlar' });
  const headers = Object.fromEntries(answer.headers);
  expect(headers).toMatchObject({
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'content-security-policy': expect.stringContaining("default-src 'self'"),
    'x-request-id': expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  expect(headers).not.toHaveProperty('strict-transport-security');
});

test('asks browsers for HTTPS for two years when the public address is https', async () => {
  const { send } = await createFixture([], { config: { publicUrl: 'https://ashlar.example' } });

  const answer = await send('/nothing');

  expect(answer.headers.get('strict-transport-security')).toContain('max-age=63072000');
});

test('answers REQUEST_TIMEOUT when a use case does not end, aborts its signal and reports how it ended', async () => {
  let reason: unknown = null;
  const { send, lines } = await createFixture([
    action({
      access: 'GET /api/v1/slow',
      timeoutSeconds: 0.05,
      input: empty,
      output: null,
      execute: async ({ signal }) => {
        await sleep(60_000, undefined, { signal }).catch(() => (reason = signal.reason));
        throw new Error('too late');
      },
    }),
  ]);

  const answer = await send('/api/v1/slow');

  expect(answer.status).toBe(503);
  expect(await jsonOf(answer))['toMatchObject']({ code: 'REQUEST_TIMEOUT' });
  await until(() => lines.length === 2);
  expect(reason).toMatchObject({ code: 'REQUEST_TIMEOUT' });
  expect(lines).toEqual([
    expect.objectContaining({ msg: 'request', status: 503, code: 'REQUEST_TIMEOUT' }),
    expect.objectContaining({ msg: 'a request failed after it was answered', traceId: lines[0]?.['traceId'] }),
  ]);
});

test('writes one line per request, without query string, token or id', async () => {
  const { send, lines } = await createFixture([echo('GET /api/v1/things/{name}')]);

  await send('/api/v1/things/secret-id?x=secret-query', {
    headers: { authorization: 'Bearer secret-token', 'x-request-id': 'caller-1' },
  });

  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({
    method: 'GET',
    route: '/api/v1/things/{name}',
    status: 400,
    ms: expect.any(Number),
    outcome: 'invalid',
    code: 'INPUT_INVALID',
    requestId: 'caller-1',
    traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
    operation: expect.stringMatching(/^probe\./),
  });
  expect(JSON.stringify(lines)).not.toContain('secret');
});

test('continues the trace of the caller and does not believe a broken one', async () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const { send, lines } = await createFixture([]);

  await send('/x', { headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` } });
  await send('/x', { headers: { traceparent: '00-zz-zz-01' } });

  expect(lines[0]?.['traceId']).toBe(traceId);
  expect(lines[1]?.['traceId']).not.toBe(traceId);
});

test('does not put a strange request id into logs and headers', async () => {
  const { send } = await createFixture([]);

  const answer = await send('/x', { headers: { 'x-request-id': 'a b"<script>' } });

  expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f]{32}$/);
});

test('answers foreign hosts 421, but probes under any name', async () => {
  const { app } = await createFixture([], { config: { publicUrl: 'https://ashlar.example:8443' } });
  const statusAt = async (url: string) => (await app.fetch(new Request(url))).status;

  expect(await statusAt('http://evil.example/x')).toBe(421);
  expect(await statusAt('http://ashlar.example/x')).toBe(404);
  expect(await statusAt('http://localhost:9999/x')).toBe(404);
  expect(await statusAt('http://[::1]:9999/x')).toBe(404);
  expect(await statusAt('http://evil.example/health')).toBe(200);
  expect(await statusAt('http://evil.example/ready')).toBe(200);
});

test('serves other origins only when they are listed, and then exactly those', async () => {
  const listed = { config: { corsAllowedOrigins: ['https://console.example'] } };
  const allowedBy = async (origin: string, options = {}) => {
    const { send } = await createFixture([echo()], options);
    const headers = { origin, 'access-control-request-method': 'POST' };
    const answer = await send('/api/v1/echo', { method: 'OPTIONS', headers });
    return [
      answer.headers.get('access-control-allow-origin'),
      answer.headers.get('access-control-allow-methods') !== null,
    ];
  };

  expect(await allowedBy('https://console.example', listed)).toEqual(['https://console.example', true]);
  expect(await allowedBy('https://console.example.evil', listed)).toEqual([null, false]);
  expect(await allowedBy('https://console.example')).toEqual([null, false]);
});

test('compresses what is worth it, for those who can read it', async () => {
  const of = (size: number) =>
    action({
      access: `GET /api/v1/${size}`,
      input: empty,
      output: z.object({ text: z.string() }),
      execute: async () => ({ text: 'x'.repeat(size) }),
    });
  const { send } = await createFixture([of(100), of(5000)]);
  const encodingOf = async (path: string, accepted: string) =>
    (await send(path, { headers: { 'accept-encoding': accepted } })).headers.get('content-encoding');

  expect(await encodingOf('/api/v1/5000', 'br, gzip')).toBe('gzip');
  expect(await encodingOf('/api/v1/100', 'gzip')).toBeNull();
  expect(await encodingOf('/api/v1/5000', 'identity')).toBeNull();
  expect(await encodingOf('/api/v1/5000', 'gzip;q=0')).toBeNull();
});

test('says how long an answer may be kept where the head allows it', async () => {
  const { send } = await createFixture([
    action({ access: 'GET /api/v1/keys', maxAgeSeconds: 300, input: empty, output: empty, execute: async () => ({}) }),
  ]);

  expect((await send('/api/v1/keys')).headers.get('cache-control')).toBe('public, max-age=300');
});
