import { describe, expect, test } from 'vitest';

import { failureOf, useWorld } from './testing/use-world.ts';
import { publicAddress, type World } from './testing/world.ts';

const redirectTo =
  (status: number, location: string): World['answer'] =>
  ({ url }, outgoing) =>
    void (url === '/start' ? outgoing.writeHead(status, { location }).end() : outgoing.end('arrived'));

const { get: world, open } = useWorld();

describe('redirects', () => {
  const secret = { authorization: 'Bearer s3cret', cookie: 'a=s3cret', 'x-api-key': 's3cret', accept: 'text/plain' };

  test('are the answer unless they are to be followed', async () => {
    world().answer = redirectTo(302, '/end');

    const answer = await open().request('http://api.test/start');

    expect([answer.status, answer.headers.get('location'), world().seen.length]).toEqual([302, '/end', 1]);
  });

  test('within an origin keep the headers', async () => {
    world().answer = redirectTo(302, '/end');

    const answer = await open().request('http://api.test/start', { redirects: 1, headers: secret });

    expect([answer.body.toString(), answer.url]).toEqual(['arrived', 'http://api.test/end']);
    expect(world().seen[1]?.headers).toMatchObject(secret);
  });

  test.for(['http://other.test/end', 'http://api.test:81/end', 'https://api.test/end'])(
    'to %s drop them',
    async (location) => {
      world().answer = redirectTo(307, location);

      await open().request('http://api.test/start', { redirects: 1, headers: secret });

      expect(world().seen).toHaveLength(2);
      expect(JSON.stringify(world().seen[1])).not.toContain('s3cret');
      expect(world().seen[1]?.headers.accept).toBe('text/plain');
    },
  );

  test.for([
    [301, 'POST', 'GET', ''],
    [302, 'POST', 'GET', ''],
    [303, 'PUT', 'GET', ''],
    [303, 'HEAD', 'HEAD', ''],
    [302, 'PUT', 'PUT', 'body'],
    [307, 'POST', 'POST', 'body'],
    [308, 'POST', 'POST', 'body'],
  ] as const)('%i after %s is %s', async ([status, method, next, body]) => {
    world().answer = redirectTo(status, '/end');

    await open().request('http://api.test/start', { redirects: 1, method, ...(method !== 'HEAD' && { body: 'body' }) });

    expect(world().seen[1]).toMatchObject({ method: next, body });
  });

  test('end somewhere', async () => {
    world().answer = (_incoming, outgoing) => void outgoing.writeHead(302, { location: '/again' }).end();

    expect(await failureOf(open().request('http://api.test/', { redirects: 5 }))).toMatchObject({
      reason: 'too_many_redirects',
    });
    expect(world().seen).toHaveLength(6);
  });

  test.for([
    ['file:///etc/passwd', 'OUTBOUND_REQUEST_INVALID'],
    ['http://user:pass@api.test/', 'OUTBOUND_REQUEST_INVALID'],
    ['http://[::1]/', 'ADDRESS_DENIED'],
  ] as const)('do not lead to %s', async ([location, code]) => {
    world().answer = redirectTo(302, location);

    expect(await failureOf(open().request('http://api.test/start', { redirects: 1 }))).toMatchObject({ code });
    expect(world().dialled).toEqual([publicAddress]);
  });
});
