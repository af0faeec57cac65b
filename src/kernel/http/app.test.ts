import { setTimeout as sleep } from 'node:timers/promises';

import { expect, test } from 'vitest';
import { z } from 'zod';

import { AppError } from '../error.ts';
import { action, actorOf, createFixture, echo, until } from './fixture.ts';

const empty = z.object({});

test('answers what the use case returns, with the security headers and the request id', async () => {
  const { post } = await createFixture([echo()]);

  const answer = await post('/api/v1/echo', { name: 'ashlar' });

  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({ name: 'ashlar' });
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

test('tells all problems of the input at once, and what a misspelt field was meant to be', async () => {
  const { post } = await createFixture([
    action({
      access: 'POST /api/v1/things',
      input: z.object({ username: z.string(), size: z.int().min(1), tag: z.object({ label: z.string() }).optional() }),
      output: null,
      execute: async () => undefined,
    }),
  ]);

  const answer = await post('/api/v1/things', { usrname: 'x', size: 0, tag: { label: 1, extra: true } });

  expect(answer.status).toBe(400);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  const problem = await answer.json();
  expect(problem).toMatchObject({ code: 'INPUT_INVALID', status: 400, title: 'Input invalid', traceId: expect.any(String) });
  expect(Object.keys(problem.fields).toSorted()).toEqual(['size', 'tag.extra', 'tag.label', 'username', 'usrname']);
  expect(problem.fields.username).toEqual(['is required']);
  expect(problem.fields.usrname[0]).toContain('did you mean username?');
});

test('lets nothing out that the output schema does not name', async () => {
  const { send } = await createFixture([
    action({
      access: 'GET /api/v1/thing',
      input: empty,
      output: z.object({ id: z.string() }),
      execute: async () => ({ id: 'x', passwordHash: 'secret' }),
    }),
  ]);

  expect(await (await send('/api/v1/thing')).json()).toEqual({ id: 'x' });
});

test('answers INTERNAL to an output that does not fit its schema, and shows nothing of it', async () => {
  const { send, alerts, lines } = await createFixture([
    action({
      access: 'GET /api/v1/thing',
      input: empty,
      output: z.object({ id: z.string() }),
      execute: async () => ({ id: 7 as unknown as string }),
    }),
  ]);

  const answer = await send('/api/v1/thing');

  expect(answer.status).toBe(500);
  expect(Object.keys(await answer.json()).toSorted()).toEqual(['code', 'status', 'title', 'traceId', 'type']);
  expect(alerts).toHaveLength(1);
  expect(lines.at(-1)).toMatchObject({ level: 50, status: 500, code: 'INTERNAL' });
});

test('hides a fault of ours behind INTERNAL and a trace id, and alerts with the cause', async () => {
  const fault = new TypeError('secret inner state');
  const { send, alerts } = await createFixture([
    action({ access: 'GET /api/v1/thing', input: empty, output: null, execute: () => Promise.reject(fault) }),
  ]);

  const answer = await send('/api/v1/thing');

  expect(answer.status).toBe(500);
  expect(await answer.text()).not.toContain('secret');
  expect(alerts).toEqual([expect.objectContaining({ error: expect.objectContaining({ cause: fault }) })]);
});

test('answers a declared error with its kind, and INTERNAL to one that the head does not declare', async () => {
  const { send } = await createFixture([
    action({
      access: 'GET /api/v1/declared',
      input: empty,
      output: null,
      errors: { NAME_TAKEN: 'conflict' },
      execute: async (_ctx, _input, fail) => {
        throw fail('NAME_TAKEN', { name: 'x' });
      },
    }),
    action({
      access: 'GET /api/v1/undeclared',
      input: empty,
      output: null,
      execute: async () => {
        throw new AppError('NAME_TAKEN', { kind: 'conflict', details: { secret: 'x' } });
      },
    }),
  ]);

  const declared = await send('/api/v1/declared');
  expect(declared.status).toBe(409);
  expect(await declared.json()).toMatchObject({ code: 'NAME_TAKEN', details: { name: 'x' } });
  const undeclared = await send('/api/v1/undeclared');
  expect(undeclared.status).toBe(500);
  expect(await undeclared.json()).toMatchObject({ code: 'INTERNAL' });
});

test('says how long to wait when an error knows it', async () => {
  const { send } = await createFixture([
    action({
      access: 'GET /api/v1/busy',
      input: empty,
      output: null,
      errors: { SIGN_IN_BUSY: 'unavailable' },
      execute: async (_ctx, _input, fail) => {
        throw fail('SIGN_IN_BUSY', { retryAfterSeconds: 1.2 });
      },
    }),
  ]);

  const answer = await send('/api/v1/busy');

  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2']);
});

test('lets an actor in only with its type, without a restriction and with every permission', async () => {
  const guarded = action({
    access: 'GET /api/v1/guarded',
    actors: ['admin'],
    permissions: ['probe:read-things', 'probe:manage-things'],
    input: empty,
    output: null,
    execute: async () => undefined,
  });
  const both = new Set(guarded.usecase.permissions);
  const { send, audits } = await createFixture([guarded], {
    actors: {
      full: actorOf({ permissions: both }),
      half: actorOf({ permissions: new Set(['probe:read-things']) }),
      super: actorOf({ isSuperuser: true }),
      user: actorOf({ type: 'user', permissions: both }),
      restricted: actorOf({ permissions: both, restriction: 'password_change' }),
    },
  });
  const codeOf = async (authorization?: string) => {
    const answer = await send('/api/v1/guarded', authorization === undefined ? {} : { headers: { authorization } });
    return answer.status === 204 ? 204 : [answer.status, (await answer.json()).code];
  };

  expect(await codeOf('Bearer full')).toBe(204);
  expect(await codeOf('Bearer super')).toBe(204);
  expect(await codeOf()).toEqual([401, 'UNAUTHENTICATED']);
  expect(await codeOf('Bearer unknown')).toEqual([401, 'UNAUTHENTICATED']);
  expect(await codeOf('Basic eDp5')).toEqual([401, 'UNAUTHENTICATED']);
  expect(await codeOf('Bearer half')).toEqual([403, 'PERMISSION_DENIED']);
  expect(await codeOf('Bearer user')).toEqual([403, 'PERMISSION_DENIED']);
  expect(await codeOf('Bearer restricted')).toEqual([403, 'PASSWORD_CHANGE_REQUIRED']);
  expect(audits.map(({ code }) => code)).toEqual(['PERMISSION_DENIED', 'PERMISSION_DENIED', 'PASSWORD_CHANGE_REQUIRED']);
  const missing = await send('/api/v1/guarded', { headers: { authorization: 'Bearer half' } });
  expect(await missing.json()).toMatchObject({ details: { permission: 'probe:manage-things' } });
});

test('lets a restricted actor into an action that is marked for it', async () => {
  const marked = action({
    access: 'POST /api/v1/password',
    actors: ['user'],
    restricted: true,
    input: empty,
    output: null,
    execute: async () => undefined,
  });
  const { send } = await createFixture([marked], { actors: { token: actorOf({ type: 'user', restriction: 'password_change' }) } });

  expect((await send('/api/v1/password', { method: 'POST', headers: { authorization: 'Bearer token' } })).status).toBe(204);
});

test('names no error to a request without credential, and invalid_token to a bad one', async () => {
  const { send } = await createFixture([
    action({ access: 'GET /api/v1/me', actors: ['user'], input: empty, output: null, execute: async () => undefined }),
  ]);

  expect((await send('/api/v1/me')).headers.get('www-authenticate')).toBe('Bearer realm="ashlar"');
  const bad = await send('/api/v1/me', { headers: { authorization: 'Bearer bad' } });
  expect(bad.headers.get('www-authenticate')).toBe('Bearer realm="ashlar", error="invalid_token"');
});

test('reads no credential where none is needed', async () => {
  const { send } = await createFixture([
    action({ access: 'GET /api/v1/open', input: empty, output: null, execute: async ({ actor }) => expect(actor).toBeNull() }),
  ]);

  expect((await send('/api/v1/open', { headers: { authorization: 'Bearer rubbish' } })).status).toBe(204);
});

test('stops at once when an action names no permission and is not listed as free of them', async () => {
  const open = action({ access: 'GET /api/v1/me', actors: ['user'], input: empty, output: null, execute: async () => undefined });

  await expect(createFixture([open], { permissionFree: [] })).rejects.toThrow(/needs a permission in its head/);
});

test('stops at once when two actions claim one route', async () => {
  await expect(createFixture([echo('GET /api/v1/x/{id}'), echo('GET /api/v1/x/{name}')])).rejects.toThrow(/both claim/);
});

test('knows what it does not serve from what it serves by another method', async () => {
  const { send } = await createFixture([echo('POST /api/v1/things'), echo('GET /api/v1/things')]);

  expect([(await send('/api/v1/nothing')).status, (await send('/')).status]).toEqual([404, 302]);
  const wrong = await send('/api/v1/things', { method: 'DELETE' });
  expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, POST, HEAD, OPTIONS']);
  expect(await wrong.json()).toMatchObject({ code: 'METHOD_NOT_ALLOWED' });
  const options = await send('/api/v1/things', { method: 'OPTIONS' });
  expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, POST, HEAD, OPTIONS']);
});

test('answers HEAD like GET, without the body', async () => {
  const { send } = await createFixture([echo('GET /api/v1/things')]);

  const answer = await send('/api/v1/things?name=x', { method: 'HEAD' });

  expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([200, 'application/json', '']);
});

test('prefers a fixed path to one with a parameter', async () => {
  const of = (access: 'GET /api/v1/things/mine' | 'GET /api/v1/things/{name}') =>
    action({ access, input: z.looseObject({}), output: z.object({ access: z.string() }), execute: async () => ({ access }) });
  const { send } = await createFixture([of('GET /api/v1/things/{name}'), of('GET /api/v1/things/mine')]);

  expect(await (await send('/api/v1/things/mine')).json()).toEqual({ access: 'GET /api/v1/things/mine' });
  expect(await (await send('/api/v1/things/other')).json()).toEqual({ access: 'GET /api/v1/things/{name}' });
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
  expect(await answer.json()).toMatchObject({ code: 'REQUEST_TIMEOUT' });
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
    return [answer.headers.get('access-control-allow-origin'), answer.headers.get('access-control-allow-methods') !== null];
  };

  expect(await allowedBy('https://console.example', listed)).toEqual(['https://console.example', true]);
  expect(await allowedBy('https://console.example.evil', listed)).toEqual([null, false]);
  expect(await allowedBy('https://console.example')).toEqual([null, false]);
});

test('compresses what is worth it, for those who can read it', async () => {
  const of = (size: number) =>
    action({ access: `GET /api/v1/${size}`, input: empty, output: z.object({ text: z.string() }), execute: async () => ({ text: 'x'.repeat(size) }) });
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

test('reads /ready at most every 250 ms, in 800 ms even if the check hangs, and not at all once it stops', async () => {
  let asked = 0;
  const { send, app } = await createFixture([], {
    ready: async () => {
      asked += 1;
      return { status: asked === 1 ? 'degraded' : 'failed', checks: { cache: { status: 'degraded', detail: 'redis://10.0.0.1' } } };
    },
  });

  const [first] = await Promise.all([send('/ready'), send('/ready')]);
  expect(await first.json()).toEqual({ status: 'degraded', checks: { cache: 'degraded' } });
  expect([first.status, asked]).toEqual([200, 1]);
  app.beginStop();
  expect((await send('/ready')).status).toBe(503);

  const hanging = await createFixture([], { ready: () => new Promise(() => undefined) });
  const startedAt = performance.now();
  expect((await hanging.send('/ready')).status).toBe(503);
  expect(performance.now() - startedAt).toBeLessThan(1000);
});

test('keeps probes out of the log', async () => {
  const { send, lines } = await createFixture([]);

  await Promise.all(['/health', '/ready', '/metrics'].map((path) => send(path)));

  expect(lines).toEqual([]);
});

test('counts requests by route and status', async () => {
  const { send, post } = await createFixture([echo()]);
  await post('/api/v1/echo', { name: 'x' });

  const text = await (await send('/metrics')).text();

  expect(text).toMatch(/ashlar_http_request_duration_seconds_count\{route="\/api\/v1\/echo",method="POST",status="200"\} 1/);
});
