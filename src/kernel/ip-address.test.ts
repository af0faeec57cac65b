import fc from 'fast-check';
import { expect, test } from 'vitest';

import { parseIpv6, sourceOf } from './ip-address.ts';

test('reads an IPv6 address however it is spelled', () => {
  fc.assert(
    fc.property(fc.ipV6(), (address) => {
      const groups = parseIpv6(address) ?? [];
      const canonical = (text: string) => new URL(`http://[${text}]`).hostname;
      expect(canonical(groups.map((group) => group.toString(16)).join(':'))).toBe(canonical(address));
    }),
  );
  expect(parseIpv6('fe80::1%eth0')).toEqual([0xfe80, 0, 0, 0, 0, 0, 0, 1]);
  expect(parseIpv6('::ffff:1.2.3.4')).toEqual([0, 0, 0, 0, 0, 0xffff, 0x102, 0x304]);
  expect(parseIpv6('1.2.3.4')).toBeNull();
  expect(parseIpv6('1::2::3')).toBeNull();
});

test.for([
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['::ffff:cb00:7107', '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::1', '2001:db8:1:2::/64'],
  ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
] as const)('%s counts as %s', ([address, source]) => {
  expect(sourceOf(address)).toBe(source);
});
