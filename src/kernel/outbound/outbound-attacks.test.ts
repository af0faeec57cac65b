import { get as getByHttp } from 'node:http';
import { isIP, Socket } from 'node:net';

import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { createAddressClassifier } from './address-class.ts';
import { createOutbound, type Outbound } from './outbound.ts';
import { openWorld, publicAddress, publicIpv6, type World } from './testing/world.ts';

type Attack = { readonly name: string; readonly url: (port: number) => string };

/** Every one of them leads to the loopback, or would. */
const attacks: readonly Attack[] = [
  ...[
    '127.0.0.1',
    '127.1',
    '127.0.1',
    '127.0.0.1.',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '0177.0.0.1',
    '017700000001',
    '127.000.000.001',
    '0',
    '0.0.0.0',
    '127.127.127.127',
    '[::1]',
    '[0:0:0:0:0:0:0:1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '１２７.0.0.1',
    '①②⑦.0.0.1',
    '127。0。0。1',
    '%31%32%37.0.0.1',
  ].map((host) => ({ name: `the spelling ${host}`, url: (port: number) => `http://${host}:${port}/` })),
  { name: 'a backslash', url: (port) => `http:\\\\127.0.0.1:${port}\\@${publicAddress}/` },
  { name: 'a user that looks like a host', url: (port) => `http://${publicAddress}@127.0.0.1:${port}/` },
  { name: 'a name for it', url: (port) => `http://inside.test:${port}/` },
  { name: 'a name for it with a dot at its end', url: (port) => `http://inside.test.:${port}/` },
  { name: 'a name for it in capitals', url: (port) => `http://INSIDE.test:${port}/` },
  { name: 'a name with a good address first', url: (port) => `http://good-first.test:${port}/` },
  { name: 'a name with a good address last', url: (port) => `http://good-last.test:${port}/` },
  { name: 'a name whose address changes after it was tested', url: (port) => `http://rebinding.test:${port}/` },
  { name: 'a redirect to it', url: (port) => `http://outside.test/to?http://127.0.0.1:${port}/` },
  { name: 'a redirect to a name for it', url: (port) => `http://outside.test/to?http://inside.test:${port}/` },
  {
    name: 'a redirect of a redirect',
    url: (port) => `http://outside.test/to?http://outside.test/to?http://0x7f.1:${port}/`,
  },
  { name: 'a redirect without a scheme', url: (port) => `http://outside.test/to?//127.0.0.1:${port}/` },
];

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());
beforeEach(() => {
  world.forget();
  world.answer = ({ url = '' }, outgoing) => {
    const [, location] = url.split(/\?(.*)/s);
    if (location === undefined) outgoing.end('outside');
    else outgoing.writeHead(302, { location }).end();
  };
  world.names
    .set('outside.test', [[publicAddress, publicIpv6]])
    .set('inside.test', [['127.0.0.1']])
    .set('good-first.test', [[publicAddress, '127.0.0.1']])
    .set('good-last.test', [['127.0.0.1', publicAddress]])
    .set('rebinding.test', [[publicAddress], ['127.0.0.1']]);
});

/** Whether the victim was reached, or any address that is not the public one so much as dialled. */
const isCaught = async (client: Pick<Outbound, 'request'>, { url }: Attack): Promise<boolean> => {
  await client.request(url(world.victim.port), { redirects: 5, timeoutMs: 3000 }).catch(() => undefined);
  const outside = new Set([publicAddress, publicIpv6]);
  return world.victim.hits.length > 0 || world.dialled.some((address) => !outside.has(address));
};

const guarded = () => createOutbound({ ...world, ownEndpoints: () => [] });

describe('nothing leads to the loopback:', () => {
  test.for(attacks.map((attack) => [attack.name, attack] as const))('%s', async ([, attack]) => {
    expect(await isCaught(guarded(), attack)).toBe(false);
  });
});

/** As programs are written that nobody has warned: it looks at the text of the first URL alone. */
const careless = (): Pick<Outbound, 'request'> => {
  const ask = async (text: string, left: number): Promise<never> => {
    const url = new URL(text);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    // Tested by one look-up, connected by another.
    const tested = isIP(host) ? [] : await world.resolve(host.replace(/\.$/, ''));
    if (text.includes('//localhost') || tested[0]?.startsWith('10.')) throw new Error('refused');
    const [address = ''] = isIP(host) ? [host] : await world.resolve(host.replace(/\.$/, ''));
    const location = await new Promise<string | undefined>((resolve, reject) => {
      getByHttp(url, { createConnection: () => world.dial({ address, port: Number(url.port || 80) }) }, (answer) => {
        answer.resume().on('end', () => resolve(answer.headers.location));
      }).on('error', reject);
    });
    if (location !== undefined && left > 0) return ask(new URL(location, url).href, left - 1);
    throw new Error('done');
  };
  return { request: (url) => ask(String(url), 5) };
};

describe('control: a careless client is caught by the same look:', () => {
  const known = attacks.filter(({ name }) => name !== 'a name with a good address first');
  test.for(known.map((attack) => [attack.name, attack] as const))('%s', async ([, attack]) => {
    expect(await isCaught(careless(), attack)).toBe(true);
  });
});

test('control: a client that tests only the first address is caught by a name with a good one first', async () => {
  const second: Pick<Outbound, 'request'> = {
    request: async (url) => {
      const { hostname, port } = new URL(url);
      const [, address = ''] = await world.resolve(hostname);
      await new Promise((resolve) =>
        world
          .dial({ address, port: Number(port) })
          .on('close', resolve)
          .on('error', resolve)
          .end(),
      );
      throw new Error('done');
    },
  };
  const [attack] = attacks.filter(({ name }) => name === 'a name with a good address first');
  expect(attack && (await isCaught(second, attack))).toBe(true);
});

test('whatever a number is written like, only public addresses are dialled', async () => {
  const classify = createAddressClassifier();
  const client = createOutbound({ resolve: world.resolve, ownEndpoints: () => [], dial: refuseToDial });
  const spellings = fc.tuple(
    fc.oneof(fc.ipV4(), fc.constantFrom('127.0.0.1', '10.0.0.1', '169.254.169.254', '100.100.100.200')),
    fc.integer({ min: 0, max: 5 }),
    fc.constantFrom('', '.'),
  );

  await fc.assert(
    fc.asyncProperty(spellings, async ([address, form, end]) => {
      world.forget();
      await client.request(`http://${spell(address, form)}${end}/`).catch(() => undefined);
      expect(world.dialled).toEqual(classify(address) === 'public' ? [address] : []);
    }),
    { numRuns: 500 },
  );
});

/** Writes down who was to be dialled, and dials nobody. */
const refuseToDial: World['dial'] = ({ address }) => {
  world.dialled.push(address);
  return new Socket().destroy(new Error('not in a test'));
};

/** The forms of the WHATWG URL standard's IPv4 parser. */
const spell = (address: string, form: number): string => {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  const number = ((a * 256 + b) * 256 + c) * 256 + d;
  const forms = [
    address,
    `${number}`,
    `0x${number.toString(16)}`,
    `0${number.toString(8)}`,
    [a, b, c, d].map((part) => `0x${part.toString(16)}`).join('.'),
    `${a}.0x${((b * 256 + c) * 256 + d).toString(16)}`,
  ];
  return forms[form] ?? address;
};
