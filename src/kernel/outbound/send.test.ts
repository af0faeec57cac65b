import { Socket } from 'node:net';

import { describe, expect, test } from 'vitest';

import type { OutboundRequest } from './outbound.ts';
import { failureOf, useWorld } from './testing/use-world.ts';
import { publicAddress, type World } from './testing/world.ts';

const { get: world, open } = useWorld();

describe('limits', () => {
  const failed = (reason: string) => ({
    code: 'OUTBOUND_FAILED',
    kind: 'unavailable',
    attempt: 'GET http://api.test',
    reason,
  });
  const ask = (options: OutboundRequest = {}, client = open()) =>
    failureOf(client.request('http://api.test/hook/t0ken', options));

  test('an answer may be as large as said, and no byte larger, announced or not', async () => {
    for (const headers of [{ 'content-length': '1000' }, {}]) {
      world().answer = (_incoming, outgoing) => void outgoing.writeHead(200, headers).end('x'.repeat(1000));
      expect((await open().request('http://api.test/', { maxBytes: 1000 })).body).toHaveLength(1000);
      expect(await ask({ maxBytes: 999 })).toMatchObject(failed('too_large'));
    }
  });

  test('an answer without end is cut off', async () => {
    world().answer = (_incoming, outgoing) => {
      const timer = setInterval(() => outgoing.write('x'.repeat(65_536)), 1);
      outgoing.on('close', () => clearInterval(timer));
    };
    expect(await ask({ maxBytes: 1_000_000 })).toMatchObject(failed('too_large'));
  });

  test.for([
    ['no answer', () => undefined],
    ['an answer that does not end', (_incoming, outgoing) => void outgoing.write('x')],
  ] as const satisfies readonly (readonly [string, World['answer']])[])(
    '%s takes no longer than said',
    async ([, answer]) => {
      world().answer = answer;
      expect(await ask({ timeoutMs: 100 })).toMatchObject(failed('timed_out'));
    },
  );

  test('nor do a name that is never found and a connection that is never made', async () => {
    const resolve = () => new Promise<never>(() => undefined);
    expect(await ask({ timeoutMs: 100 }, open({ resolve }))).toMatchObject(failed('timed_out'));
    const sockets: Socket[] = [];
    const dial = () => sockets[sockets.push(new Socket()) - 1] ?? new Socket();
    expect(await ask({ timeoutMs: 100 }, open({ dial }))).toMatchObject(failed('timed_out'));
    expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true]);
  });

  test('a name without an address, a closed port, an answer that breaks off or is no HTTP: each says so', async () => {
    world().names.delete('api.test');
    expect(await ask()).toMatchObject(failed('name_not_found'));
    world().names.set('api.test', [[]]);
    expect(await ask()).toMatchObject(failed('name_not_found'));
    world().names.set('api.test', [[publicAddress]]);
    const closed: World['dial'] = () => world().dial({ address: '127.0.0.1', port: 1 });
    expect(await ask({}, open({ dial: closed }))).toMatchObject(failed('unreachable'));
    world().answer = (_incoming, outgoing) =>
      void outgoing.writeHead(200, { 'content-length': '9' }).write('x', () => outgoing.destroy());
    expect(await ask()).toMatchObject(failed('broken_off'));
    world().answer = (_incoming, outgoing) => void outgoing.socket?.end('SSH-2.0-probe\r\n');
    const failure = await ask();
    expect(failure).toMatchObject(failed('broken_off'));
    expect(JSON.stringify(failure)).not.toContain('t0ken');
  });

  test('a caller who goes away ends it', async () => {
    const caller = new AbortController();
    world().answer = () => caller.abort(new Error('gone'));

    expect(await ask({ signal: caller.signal })).toMatchObject({ code: 'CANCELLED' });
    expect(await ask({ signal: AbortSignal.abort() })).toMatchObject({ code: 'CANCELLED' });
    expect(world().dialled).toHaveLength(1);
  });
});
