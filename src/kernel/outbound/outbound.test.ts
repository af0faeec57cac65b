import { describe, expect, test } from 'vitest';

import { certificate } from './testing/certificate.ts';
import { failureOf, useWorld } from './testing/use-world.ts';
import { publicAddress, publicIpv6, type World } from './testing/world.ts';

const { get: world, open } = useWorld();

describe('a request', () => {
  test('arrives as it was meant, under the name, and its answer comes back whole', async () => {
    world().answer = (_incoming, outgoing) =>
      void outgoing.writeHead(418, { 'x-probe': 'é', 'set-cookie': ['a=1', 'b=2'] }).end('täpö');

    const answer = await open().request('http://API.test.:8080/path?query=1#fragment', {
      method: 'POST',
      headers: { Authorization: 'Bearer abc', 'content-type': 'text/plain' },
      body: 'grüß',
    });

    expect(world().seen).toMatchObject([{ method: 'POST', url: '/path?query=1', body: 'grüß' }]);
    expect(world().seen[0]?.headers).toEqual({
      accept: '*/*',
      'accept-encoding': 'identity',
      authorization: 'Bearer abc',
      connection: 'close',
      'content-length': '6',
      'content-type': 'text/plain',
      host: 'api.test:8080',
      'user-agent': 'Ashlar',
    });
    expect([answer.status, answer.body.toString(), answer.headers.getSetCookie()]).toEqual([
      418,
      'täpö',
      ['a=1', 'b=2'],
    ]);
    expect(answer.url).toBe('http://api.test:8080/path?query=1');
  });

  test('to an address itself, too', async () => {
    const { status } = await open().request(`http://${publicAddress}/`);
    const { body } = await open().request(`http://[${publicIpv6}]/six`);

    expect([status, body.toString()]).toEqual([200, 'at /six']);
    expect(world().seen.map(({ headers }) => headers.host)).toEqual([publicAddress, `[${publicIpv6}]`]);
  });

  test('looks a name up once, and connects to what was looked up', async () => {
    world().names.set('api.test', [[publicAddress], ['10.0.0.1']]);

    await open().request('http://api.test/');

    expect(world().dialled).toEqual([publicAddress]);
  });

  test('goes to the next address when one does not answer', async () => {
    const dial: World['dial'] = (to) =>
      world().dial(to.address === publicAddress ? { address: '127.0.0.1', port: 1 } : to);

    expect((await open({ dial }).request('http://api.test/')).status).toBe(200);
    expect(world().dialled).toEqual(['127.0.0.1', publicIpv6]);
  });

  test.for([
    ['ftp://api.test/', 'the scheme ftp:'],
    ['file:///etc/passwd', 'the scheme file:'],
    ['http://user:pass@api.test/', 'a user or a password'],
    ['http://@api.test..:80/', 'no name and no address'],
    ['http://', 'cannot be read'],
    ['http://api.test:99999/', 'cannot be read'],
    ['/path', 'cannot be read'],
  ] as const)('%s is refused', async ([url, message]) => {
    expect(await failureOf(open().request(url))).toMatchObject({
      code: 'OUTBOUND_REQUEST_INVALID',
      kind: 'invalid',
      message: expect.stringContaining(message),
    });
  });

  test.for([
    ['host', 'evil.test'],
    ['Transfer-Encoding', 'chunked'],
    ['content-length', '1'],
    ['connection', 'upgrade'],
    ['x-probe', 'a\r\nx-other: b'],
    ['x-probe\r\nx-other', 'b'],
    ['x probe', 'a'],
    ['', 'a'],
    ['x-probe', 'a\0b'],
    ['x-probe', 'snow ☃'],
  ] as const)('the header %s: %s is refused, and none of it is repeated', async ([name, value]) => {
    const failure = await failureOf(open().request('http://api.test/', { headers: { [name]: value } }));

    expect(failure).toMatchObject({ code: 'OUTBOUND_REQUEST_INVALID' });
    expect(JSON.stringify(failure)).not.toMatch(/evil|other|snow/);
    expect(world().dialled).toEqual([]);
  });
});

describe('TLS', () => {
  test('asks for the name and believes a certificate for it', async () => {
    expect((await open().request('https://api.test/secure')).body.toString()).toBe('at /secure');
    expect(world().dialled).toEqual([publicAddress]);
  });

  test('believes a certificate for the address when there is no name', async () => {
    expect((await open().request(`https://${publicAddress}/`)).status).toBe(200);
  });

  test.for([
    ['for another name', 'https://other.test/', [certificate]],
    ['of an authority that nobody knows', 'https://api.test/', null],
  ] as const)('does not believe one %s', async ([, url, ca]) => {
    expect(await failureOf(open({ ca }).request(url))).toMatchObject({ code: 'OUTBOUND_FAILED', reason: 'tls_failed' });
    expect(world().seen).toEqual([]);
  });
});

describe('a connection for another protocol', () => {
  test('goes to a tested address, with TLS if that is asked for', async () => {
    for (const [port, isTls] of [
      [2525, false],
      [443, true],
    ] as const) {
      const socket = await open().connect({ host: 'api.test', port, isTls });
      socket.end('GET /by-hand HTTP/1.1\r\nhost: api.test\r\nconnection: close\r\n\r\n');
      const answer = await socket.setEncoding('utf8').reduce((text: string, chunk: string) => text + chunk, '');
      expect(answer).toContain('at /by-hand');
    }
    expect(world().dialled).toEqual([publicAddress, publicAddress]);
  });

  test.for(['127.0.0.1', '0x7f.1', '::1', '[::1]', 'inside.test', '127.0.0.1.'])('does not go to %s', async (host) => {
    world().names.set('inside.test', [['127.0.0.1']]);

    expect(await failureOf(open().connect({ host, port: world().victim.port }))).toMatchObject({
      code: 'ADDRESS_DENIED',
    });
    expect(world().dialled).toEqual([]);
  });

  test.for(['api.test/path', 'api.test:25', 'user@api.test', 'api.test?', '', 'fe80::1%eth0'])(
    '"%s" is no host',
    async (host) => {
      expect(await failureOf(open().connect({ host, port: 25 }))).toMatchObject({ code: 'OUTBOUND_REQUEST_INVALID' });
    },
  );

  test.for([0, -1, 65_536, 1.5, NaN])('%s is no port', async (port) => {
    expect(await failureOf(open().connect({ host: 'api.test', port }))).toMatchObject({
      code: 'OUTBOUND_REQUEST_INVALID',
    });
  });
});
