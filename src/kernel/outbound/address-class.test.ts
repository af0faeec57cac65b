import fc from 'fast-check';
import { expect, test } from 'vitest';

import { type AddressClass, createAddressClassifier } from './address-class.ts';

const classify = createAddressClassifier();

const cases: Readonly<Record<AddressClass, readonly string[]>> = {
  public: [
    '1.1.1.1',
    '9.255.255.255',
    '11.0.0.0',
    '93.184.216.34',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '223.255.255.255',
    '2606:4700::1111',
    '::ffff:1.1.1.1',
    '64:ff9b::1.1.1.1',
    '2002:101:101::1',
  ],
  private: [
    '10.0.0.0',
    '10.255.255.255',
    '100.64.0.1',
    '100.127.255.255',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    'fc00::1',
    'fd12:3456::1',
    'fd12:3456::5efe:1.1.1.1',
    '::ffff:10.1.2.3',
    '::ffff:a01:203',
    '64:ff9b::10.0.0.1',
    '2002:a00:1::1',
    '2606:4700::5efe:10.0.0.1',
    '2606:4700::200:5efe:10.0.0.1',
  ],
  loopback: [
    '127.0.0.1',
    '127.255.255.254',
    '::1',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
  ],
  denied: [
    '0.0.0.0',
    '0.1.2.3',
    '::',
    '::%lo', // unspecified
    '169.254.0.1',
    '169.254.169.254',
    'fe80::1',
    'fe80::1%eth0',
    'febf::1',
    'fec0::1', // link-local, site-local
    '::ffff:169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '2002:a9fe:a9fe::1',
    '2606:4700::5efe:a9fe:a9fe', // the same, wrapped
    'fe80::5efe:1.1.1.1',
    '::5efe:1.1.1.1',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    'fd00:ec2::254',
    'fd00:0ec2:0:0::254',
    'fd20:ce::254', // metadata
    '224.0.0.1',
    '239.255.255.255',
    'ff02::1',
    '255.255.255.255',
    '240.0.0.1', // multicast, reserved
    '2001::1',
    '2001:0:5ef5:79fd::1',
    '2001:db8::1',
    '64:ff9b:1::1',
    '100::1',
    '::ffff:0:127.0.0.1',
    '::127.0.0.1',
    '4000::1', // never assigned
    '192.0.2.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '192.88.99.1',
    '',
    'localhost',
    '127.1',
    '0x7f000001',
    '1.2.3.4.5',
    '1:2', // no addresses at all
  ],
};

test.for(Object.entries(cases).flatMap(([name, addresses]) => addresses.map((address) => [address, name] as const)))(
  '"%s" is %s',
  ([address, name]) => {
    expect(classify(address)).toBe(name);
  },
);

test('wrapped in IPv6, an IPv4 address is no better than it is', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
      const high = (a * 256 + b).toString(16);
      const low = (c * 256 + d).toString(16);
      const wrapped = [
        `::ffff:${address}`,
        `0:0::FFFF:${high}:${low}`,
        `64:ff9b::${address}`,
        `2002:${high}:${low}::1`,
      ];
      expect(new Set(wrapped.map(classify))).toEqual(new Set([classify(address)]));
    }),
  );
});
