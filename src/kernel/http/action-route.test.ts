import { expect, test } from 'vitest';
import { z } from 'zod';

import { AppError } from '../error.ts';
import { action, actorOf, createFixture, jsonOf } from './testing/fixture.ts';

const empty = z.object({});

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
  const problem = await jsonOf(answer);
  expect(problem).toMatchObject({
    code: 'INPUT_INVALID',
    status: 400,
    title: 'Input invalid',
    traceId: expect.any(String),
  });
  // INPUT_INVALID promises them.
  const fields = problem['fields'] as Record<string, string[]>;
  expect(Object.keys(fields).toSorted()).toEqual(['size', 'tag.extra', 'tag.label', 'username', 'usrname']);
  expect(fields['username']).toEqual(['is required']);
  expect(fields['usrname']?.[0]).toContain('did you mean username?');
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
      // What a careless query might bring.
      execute: async () => ({ id: 7 as unknown as string }),
    }),
  ]);

  const answer = await send('/api/v1/thing');

  expect(answer.status).toBe(500);
  expect(Object.keys(await jsonOf(answer))['toSorted']()).toEqual(['code', 'status', 'title', 'traceId', 'type']);
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
    return answer.status === 204 ? 204 : [answer.status, (await jsonOf(answer))['code']];
  };

  expect(await codeOf('Bearer full')).toBe(204);
  expect(await codeOf('Bearer super')).toBe(204);
  expect(await codeOf()).toEqual([401, 'UNAUTHENTICATED']);
  expect(await codeOf('Bearer unknown')).toEqual([401, 'UNAUTHENTICATED']);
  expect(await codeOf('Basic eDp5')).toEqual([401, 'UNAUTHENTICATED']);
  expect(await codeOf('Bearer half')).toEqual([403, 'PERMISSION_DENIED']);
  expect(await codeOf('Bearer user')).toEqual([403, 'PERMISSION_DENIED']);
  expect(await codeOf('Bearer restricted')).toEqual([403, 'PASSWORD_CHANGE_REQUIRED']);
  expect(audits.map(({ code }) => code)).toEqual([
    'UNAUTHENTICATED',
    'UNAUTHENTICATED',
    'UNAUTHENTICATED',
    'PERMISSION_DENIED',
    'PERMISSION_DENIED',
    'PASSWORD_CHANGE_REQUIRED',
  ]);
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
  const { send } = await createFixture([marked], {
    actors: { token: actorOf({ type: 'user', restriction: 'password_change' }) },
  });

  expect((await send('/api/v1/password', { method: 'POST', headers: { authorization: 'Bearer token' } })).status).toBe(
    204,
  );
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
    action({
      access: 'GET /api/v1/open',
      input: empty,
      output: null,
      execute: async ({ actor }) => expect(actor).toBeNull(),
    }),
  ]);

  expect((await send('/api/v1/open', { headers: { authorization: 'Bearer rubbish' } })).status).toBe(204);
});

test('lets the owner of an ended session do what is marked for that, and nobody without a credential', async () => {
  const { send } = await createFixture(
    [
      action({
        access: 'POST /api/v1/logout',
        actors: ['user'],
        acceptsEndedSession: true,
        input: empty,
        output: null,
        execute: async ({ actor }) => expect(actor).toBeNull(),
      }),
    ],
    { ended: ['over'] },
  );
  const statusWith = async (headers: Record<string, string>) =>
    (await send('/api/v1/logout', { method: 'POST', headers })).status;

  expect(await statusWith({ authorization: 'Bearer over' })).toBe(204);
  expect(await statusWith({ authorization: 'Bearer rubbish' })).toBe(401);
  expect(await statusWith({})).toBe(401);
});
