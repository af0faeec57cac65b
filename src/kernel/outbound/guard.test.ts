import { BlockList } from 'node:net';

import { describe, expect, test } from 'vitest';

import type { OutboundRequest } from './outbound.ts';
import { failureOf, useWorld } from './testing/use-world.ts';
import { publicAddress, publicIpv6 } from './testing/world.ts';

const { get: world, open } = useWorld();

describe('what may be reached', () => {
  const url = () => `http://127.0.0.1:${world().victim.port}/`;
  const denied = { code: 'ADDRESS_DENIED', kind: 'forbidden' };

  test('the loopback only if asked for', async () => {
    expect(await failureOf(open().request(url()))).toMatchObject(denied);
    expect(await failureOf(open().request(url(), { ranges: ['public', 'private'] }))).toMatchObject(denied);
    expect((await open().request(url(), { ranges: ['loopback'] })).body.toString()).toBe('secret');
  });

  test('nothing public if only private addresses are asked for', async () => {
    expect(await failureOf(open().request('http://api.test/', { ranges: ['private'] }))).toMatchObject(denied);
  });

  test.for([
    '169.254.169.254',
    '[fd00:ec2::254]',
    '100.100.100.200',
    '[fe80::1]',
    '224.0.0.1',
    '0.0.0.0',
    '[::ffff:169.254.169.254]',
  ])('%s never', async (host) => {
    const everything: OutboundRequest = { ranges: ['public', 'private', 'loopback'] };
    expect(await failureOf(open().request(`http://${host}/`, everything))).toMatchObject(denied);
    expect(world().dialled).toEqual([]);
  });

  test('nothing on the list of the caller, however it is spelled', async () => {
    const deny = new BlockList();
    deny.addAddress(publicAddress);
    const wrapped = `http://[::ffff:${publicAddress}]/`;

    expect(await failureOf(open().request('http://api.test/', { deny }))).toMatchObject(denied);
    expect(await failureOf(open().request(wrapped, { deny }))).toMatchObject(denied);
  });

  test.for(['127.0.0.1', 'localhost', '0.0.0.0', '::', '::1', 'database.test'])(
    'not ourselves, listening on %s',
    async (host) => {
      world()
        .names.set('localhost', [['127.0.0.1']])
        .set('database.test', [['127.0.0.1']]);
      const ownEndpoints = () => [{ host, port: world().victim.port }];

      expect(await failureOf(open({ ownEndpoints }).request(url(), { ranges: ['loopback'] }))).toMatchObject(denied);
      expect(world().dialled).toEqual([]);
    },
  );

  test('not our database by its address, nor this machine where we listen everywhere; another port of them is not ours', async () => {
    world().names.set('database.test', [[publicAddress]]);
    const ownEndpoints = () => [
      { host: 'database.test', port: 5432 },
      { host: '0.0.0.0', port: 8080 },
      { host: '/var/run/postgresql', port: 80 },
    ];
    const client = open({ ownEndpoints, localAddresses: () => [publicIpv6, '10.1.2.3'] });

    expect(await failureOf(client.request(`http://${publicAddress}:5432/`))).toMatchObject(denied);
    expect(await failureOf(client.request(`http://[${publicIpv6}]:8080/`))).toMatchObject(denied);
    expect((await client.request(`http://${publicAddress}:8080/`)).status).toBe(200);
    expect((await client.request(`http://[${publicIpv6}]/`)).status).toBe(200);
  });

  test('the refusal says what was attempted, and keeps the address for the log', async () => {
    world().names.set('inside.test', [['10.9.8.7']]);

    const error = await open()
      .request('https://inside.test/hook/t0ken?key=s3cret')
      .catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({
      message: 'ADDRESS_DENIED: GET https://inside.test is not allowed: its address is private',
    });
    expect(error).toMatchObject({ cause: { message: 'it is at 10.9.8.7' } });
    expect(JSON.stringify(error)).not.toMatch(/t0ken|s3cret|10\.9\.8\.7/);
  });
});
