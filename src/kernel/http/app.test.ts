import { expect, test } from 'vitest';
import { z } from 'zod';

import { action, createFixture, echo } from './testing/fixture.ts';

const empty = z.object({});

test('stops at once when an action names no permission and is not listed as free of them', async () => {
  const open = action({
    access: 'GET /api/v1/me',
    actors: ['user'],
    input: empty,
    output: null,
    execute: async () => undefined,
  });

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

  expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
    200,
    'application/json',
    '',
  ]);
});

test('prefers a fixed path to one with a parameter', async () => {
  const of = (access: 'GET /api/v1/things/mine' | 'GET /api/v1/things/{name}') =>
    action({
      access,
      input: z.looseObject({}),
      output: z.object({ access: z.string() }),
      execute: async () => ({ access }),
    });
  const { send } = await createFixture([of('GET /api/v1/things/{name}'), of('GET /api/v1/things/mine')]);

  expect(await (await send('/api/v1/things/mine')).json()).toEqual({ access: 'GET /api/v1/things/mine' });
  expect(await (await send('/api/v1/things/other')).json()).toEqual({ access: 'GET /api/v1/things/{name}' });
});

test('reads /ready at most every 250 ms, in 800 ms even if the check hangs, and not at all once it stops', async () => {
  let asked = 0;
  const { send, app } = await createFixture([], {
    ready: async () => {
      asked += 1;
      return {
        status: asked === 1 ? 'degraded' : 'failed',
        checks: { cache: { status: 'degraded', detail: 'redis://10.0.0.1' } },
      };
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

  expect(text).toMatch(
    /ashlar_http_request_duration_seconds_count\{route="\/api\/v1\/echo",method="POST",status="200"\} 1/,
  );
});
