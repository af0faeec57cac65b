import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';

import type { LimitsConfig } from '../limits/limits.ts';
import type { Rate } from '../limits/rate.ts';
import type { ServedAction } from './action-route.ts';
import { action, actorOf, createFixture, jsonOf, serveFixture } from './testing/fixture.ts';
import type { HttpServer } from './server.ts';

const empty = z.object({});
const anonymous = (rate?: Rate) =>
  action({
    access: 'GET /api/v1/open',
    input: empty,
    output: null,
    execute: async () => undefined,
    ...(rate && { rate }),
  });
const signedIn = action({
  operationId: 'closed',
  access: 'GET /api/v1/closed',
  actors: ['admin'],
  input: empty,
  output: null,
  execute: async () => undefined,
});
const guarded = action({
  access: 'GET /api/v1/guarded',
  actors: ['admin'],
  permissions: ['probe:read-things'],
  input: empty,
  output: null,
  execute: async () => undefined,
});

const servers: HttpServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.drain({ delaySeconds: 0, deadlineSeconds: 1 });
});

/** Nothing comes back within a test. */
const slowly = (burst: number) => ({ perSecond: 0.01, burst });

/** Behind a proxy that is trusted, so that a test may come from any address. */
const serve = async (
  actions: readonly ServedAction[],
  rateLimit: Partial<LimitsConfig>,
  trustedProxies = ['127.0.0.1'],
) => {
  const actors = { anna: actorOf({ id: 'anna' }), boris: actorOf({ id: 'boris' }) };
  const fixture = await createFixture(actions, { rateLimit, actors, config: { trustedProxies } });
  const server = await serveFixture(fixture);
  servers.push(server);
  const get = (path: string, { from = '203.0.113.1', token }: { from?: string; token?: string } = {}) =>
    fetch(server.url + path, {
      headers: { 'x-forwarded-for': from, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    });
  const statuses = async (count: number, ...call: Parameters<typeof get>) => {
    const seen: number[] = [];
    for (let index = 0; index < count; index += 1) seen.push((await get(...call)).status);
    return seen;
  };
  return { get, statuses, fixture };
};

describe('whom a request counts for', () => {
  test('an anonymous one for its address', async () => {
    const { statuses } = await serve([anonymous()], { address: slowly(3) });

    expect(await statuses(5, '/api/v1/open')).toEqual([204, 204, 204, 429, 429]);
    expect(await statuses(1, '/api/v1/open', { from: '203.0.113.2' })).toEqual([204]);
  });

  test('all of an IPv6 /64 are one', async () => {
    const { statuses } = await serve([anonymous()], { address: slowly(2) });

    expect(await statuses(1, '/api/v1/open', { from: '2001:db8:0:1::1' })).toEqual([204]);
    expect(await statuses(1, '/api/v1/open', { from: '2001:db8:0:1:ffff::2' })).toEqual([204]);
    expect(await statuses(1, '/api/v1/open', { from: '2001:db8:0:1::3' })).toEqual([429]);
    expect(await statuses(1, '/api/v1/open', { from: '2001:db8:0:2::1' })).toEqual([204]);
  });

  test('a signed-in one for its actor, wherever it comes from, and never for its address', async () => {
    const { statuses } = await serve([signedIn], { actor: slowly(3), address: slowly(1) });

    expect(await statuses(3, '/api/v1/closed', { token: 'anna' })).toEqual([204, 204, 204]);
    expect(await statuses(1, '/api/v1/closed', { token: 'anna', from: '203.0.113.9' })).toEqual([429]);
    expect(await statuses(3, '/api/v1/closed', { token: 'boris' })).toEqual([204, 204, 204]);
  });

  test('a refused one for its address, which then is told 429 and nothing else', async () => {
    const { statuses } = await serve([signedIn, guarded], { address: slowly(3) });

    expect(await statuses(2, '/api/v1/closed', { token: 'nobody' })).toEqual([401, 401]);
    expect(await statuses(2, '/api/v1/guarded', { token: 'anna' })).toEqual([403, 429]);
    expect(await statuses(1, '/api/v1/closed')).toEqual([429]);
    // Whoever has a good token is not held up by the others behind the same address.
    expect(await statuses(2, '/api/v1/closed', { token: 'boris' })).toEqual([204, 204]);
  });

  test('one for a path that is not there, too', async () => {
    const { statuses } = await serve([], { address: slowly(2) });

    expect(await statuses(3, '/wp-login.php')).toEqual([404, 404, 429]);
  });

  test('probes are never refused', async () => {
    const { statuses } = await serve([], { address: slowly(1) });

    expect(new Set(await statuses(20, '/health'))).toEqual(new Set([200]));
  });
});

describe('the rate of a head', () => {
  const ofAddress: Rate = { key: 'address', limit: 1, perSeconds: 60, burst: 2, store: 'local' };

  test('stands in place of the limit with the same key', async () => {
    const { statuses } = await serve([anonymous(ofAddress), signedIn], { address: slowly(1) });

    expect(await statuses(3, '/api/v1/open')).toEqual([204, 204, 429]);
    expect(await statuses(2, '/api/v1/closed')).toEqual([401, 429]);
  });

  test('by the actor holds for each operation by itself', async () => {
    const rate: Rate = { key: 'actor', limit: 1, perSeconds: 60, burst: 1, store: 'local' };
    const actions = (['GET /api/v1/one', 'GET /api/v1/two'] as const).map((access) =>
      action({ access, actors: ['admin'], rate, input: empty, output: null, execute: async () => undefined }),
    );
    const { statuses } = await serve(actions, {});

    expect(await statuses(2, '/api/v1/one', { token: 'anna' })).toEqual([204, 429]);
    expect(await statuses(2, '/api/v1/two', { token: 'anna' })).toEqual([204, 429]);
    expect(await statuses(1, '/api/v1/one', { token: 'boris' })).toEqual([204]);
  });

  test('by a field holds for what stands in it, wherever it comes from', async () => {
    const subject = (value: string) => (value.startsWith('free') ? null : value.toLowerCase());
    const rate: Rate = { key: { field: 'login', subject }, limit: 1, perSeconds: 60, burst: 1, store: 'local' };
    const input = z.object({ login: z.string().min(1) });
    const byField = action({ access: 'GET /api/v1/by', rate, input, output: null, execute: async () => undefined });
    const { statuses, get } = await serve([byField], {});

    expect(await statuses(1, '/api/v1/by?login=anna')).toEqual([204]);
    expect(await statuses(1, '/api/v1/by?login=ANNA', { from: '203.0.113.2' })).toEqual([429]);
    expect(await statuses(1, '/api/v1/by?login=boris')).toEqual([204]);
    expect(await statuses(3, '/api/v1/by?login=free')).toEqual([204, 204, 204]);
    expect(await statuses(2, '/api/v1/by?login=')).toEqual([400, 400]);
    expect((await get('/api/v1/by?login=anna')).headers.get('ratelimit')).toBe('"probe.get-api-v1-by";r=0;t=60');
  });

  test('that could never count stops the start', async () => {
    const byActor = anonymous({ key: 'actor', limit: 1, perSeconds: 1, burst: 1, store: 'local' });
    const byField = anonymous({ key: { field: 'login' }, limit: 1, perSeconds: 1, burst: 1, store: 'local' });
    const byNothing = anonymous({ key: 'address', limit: 0, perSeconds: 1, burst: 1, store: 'local' });

    await expect(createFixture([byActor])).rejects.toThrow('is anonymous');
    await expect(createFixture([byField])).rejects.toThrow('the field login');
    await expect(createFixture([byNothing])).rejects.toThrow('needs a limit');
  });
});

describe('what the client is told', () => {
  test('nothing while half is left, then what is left, then when to come again', async () => {
    const { get } = await serve([anonymous()], { address: { perSecond: 0.1, burst: 4 } });
    const headers = [];
    for (let count = 0; count < 5; count += 1) {
      const { headers: seen } = await get('/api/v1/open');
      headers.push([seen.get('ratelimit-policy'), seen.get('ratelimit'), seen.get('retry-after')]);
    }

    expect(headers).toEqual([
      [null, null, null],
      ['"address";q=4;w=40', '"address";r=2;t=20', null],
      ['"address";q=4;w=40', '"address";r=1;t=30', null],
      ['"address";q=4;w=40', '"address";r=0;t=40', null],
      ['"address";q=4;w=40', '"address";r=0;t=10', '10'],
    ]);
  });

  test('a problem that names the limit, and nothing of the request runs', async () => {
    let runs = 0;
    const counted = action({
      access: 'GET /api/v1/open',
      input: empty,
      output: null,
      execute: async () => void (runs += 1),
    });
    const { get, fixture } = await serve([counted], { address: slowly(1) });
    await get('/api/v1/open');

    const answer = await get('/api/v1/open');

    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('retry-after')]).toEqual([
      429,
      'application/problem+json',
      '100',
    ]);
    expect(await jsonOf(answer)).toMatchObject({
      code: 'RATE_LIMITED',
      details: { policy: 'address', quota: 1, windowSeconds: 100, retryAfterSeconds: 100 },
    });
    expect(runs).toBe(1);
    expect(fixture.alerts).toEqual([]);
  });
});

describe('X-Forwarded-For', () => {
  test('of a stranger changes nothing: it stays one address', async () => {
    const { statuses } = await serve([anonymous()], { address: slowly(20) }, []);
    const seen: number[] = [];

    for (let index = 0; index < 60; index += 1)
      seen.push(...(await statuses(1, '/api/v1/open', { from: spoofed(index) })));

    expect(seen.filter((status) => status === 204)).toHaveLength(20);
    expect(seen.filter((status) => status === 429)).toHaveLength(40);
  });

  test('through our proxy, whatever the client wrote before the address that the proxy saw', async () => {
    const { statuses } = await serve([anonymous()], { address: slowly(20) });
    const seen: number[] = [];

    for (let index = 0; index < 60; index += 1) {
      seen.push(...(await statuses(1, '/api/v1/open', { from: `${spoofed(index)}, 198.51.100.7` })));
    }

    expect(seen.filter((status) => status === 204)).toHaveLength(20);
    expect(seen.filter((status) => status === 429)).toHaveLength(40);
  });

  test('control: if the proxy believed its clients, each spelling would be let in', async () => {
    const { statuses } = await serve([anonymous()], { address: slowly(20) });
    const seen: number[] = [];

    for (let index = 0; index < 60; index += 1)
      seen.push(...(await statuses(1, '/api/v1/open', { from: `10.1.2.${index}` })));

    expect(new Set(seen)).toEqual(new Set([204]));
  });
});

const spellings = [
  (index: number) => `10.0.0.${index}`,
  (index: number) => `2001:db8:${index}::1`,
  (index: number) => `::ffff:10.9.8.${index}`,
  (index: number) => `127.0.0.1, 10.0.1.${index}`,
  (index: number) => `"10.0.2.${index}"`,
  (index: number) => `unknown, ${index}`,
  (index: number) => `for=10.0.3.${index};proto=https`,
  (index: number) => `,,, 10.0.4.${index} ,,`,
  (index: number) => `10.0.5.${index}:443`,
  (index: number) => `0x0a.0.6.${index}`,
];

const spoofed = (index: number): string => spellings[index % spellings.length]?.(index) ?? '';
