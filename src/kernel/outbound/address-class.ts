import { BlockList, isIP } from 'node:net';

import { parseIpv6, toIpv4 } from '../ip-address.ts';

/** What an address belongs to: what a caller may choose, or nothing that anybody may reach. */
export type AddressRange = 'public' | 'private' | 'loopback';
export type AddressClass = AddressRange | 'denied';

export type ClassifyAddress = (address: string) => AddressClass;

/** IANA's special-purpose registries (RFC 6890 and its updates), and where clouds keep their metadata. */
const ipv4 = {
  denied: [
    '0.0.0.0/8', // this host
    '100.100.100.200/32', // metadata, Alibaba
    '168.63.129.16/32', // metadata, Azure
    '169.254.0.0/16', // link-local; metadata, nearly everybody
    '192.0.0.0/24', // protocol assignments; metadata, Oracle
    '192.0.2.0/24', // documentation
    '192.88.99.0/24', // 6to4 relays
    '198.18.0.0/15', // benchmarks
    '198.51.100.0/24', // documentation
    '203.0.113.0/24', // documentation
    '224.0.0.0/4', // multicast
    '240.0.0.0/4', // reserved, broadcast
  ],
  loopback: ['127.0.0.0/8'],
  private: ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16'],
} as const;

/** Of what is not embedded IPv4. Outside of 2000::/3 and these ranges nothing is assigned: denied. */
const ipv6 = {
  denied: [
    'fd00:ec2::254/128', // metadata, AWS
    'fd20:ce::254/128', // metadata, Google
    '2001::/23', // protocol assignments, Teredo among them
    '2001:db8::/32', // documentation
    '3fff::/20', // documentation
  ],
  private: ['fc00::/7'],
  public: ['2000::/3'],
} as const;

/** Answers `denied` for whatever is no address, too. */
export const createAddressClassifier = (): ClassifyAddress => {
  const v4 = listsOf(ipv4, 'ipv4');
  const v6 = listsOf(ipv6, 'ipv6');
  const classifyIpv4 = (address: string): AddressClass =>
    v4.find(({ list }) => list.check(address, 'ipv4'))?.name ?? 'public';
  const classifyIpv6 = (address: string): AddressClass => {
    if (address === '::1') return 'loopback';
    const found = v6.find(({ list }) => list.check(address, 'ipv6'))?.name ?? 'denied';
    // A tunnel within a network is at most as good as that network.
    const inner = found === 'public' ? embeddedIpv4(parseIpv6(address) ?? [], tunnels) : null;
    return inner === null ? found : classifyIpv4(inner);
  };
  return (address) => {
    const end = normaliseAddress(address);
    if (end === null) return 'denied';
    return isIP(end) === 4 ? classifyIpv4(end) : classifyIpv6(end);
  };
};

/** One spelling for all of an address: IPv4 where IPv6 only wraps it, and no zone. Null if it is none. */
export const normaliseAddress = (address: string): string | null => {
  const groups = parseIpv6(address);
  if (groups === null) return isIP(address) === 4 ? address : null;
  return embeddedIpv4(groups, wrappings) ?? spell(groups);
};

type Lists = Readonly<Partial<Record<AddressClass, readonly string[]>>>;

const listsOf = (ranges: Lists, family: 'ipv4' | 'ipv6') =>
  (['denied', 'loopback', 'private', 'public'] as const).map((name) => {
    const list = new BlockList();
    for (const range of ranges[name] ?? []) {
      const [address = '', prefix] = range.split('/');
      list.addSubnet(address, Number(prefix), family);
    }
    return { name, list };
  });

const spell = (groups: readonly number[]): string =>
  groups.slice(0, 7).every((group) => group === 0)
    ? `::${groups[7]}`
    : groups.map((group) => group.toString(16)).join(':');

/** Groups that stand from a place on, and the place of the IPv4 address where packets end up. */
type Embedding = { readonly from: number; readonly pattern: readonly number[]; readonly at: number };

const embeddedIpv4 = (groups: readonly number[], forms: readonly Embedding[]): string | null => {
  const form = forms.find(({ from, pattern }) => pattern.every((group, index) => groups[from + index] === group));
  return form === undefined ? null : toIpv4(groups[form.at] ?? 0, groups[form.at + 1] ?? 0);
};

/** Whole networks that stand for IPv4. */
const wrappings = [
  { from: 0, pattern: [0, 0, 0, 0, 0, 0xffff], at: 6 }, // mapped (RFC 4291)
  { from: 0, pattern: [0x64, 0xff9b, 0, 0, 0, 0], at: 6 }, // NAT64 (RFC 6052)
  { from: 0, pattern: [0x2002], at: 1 }, // 6to4 (RFC 3056)
] as const;

/** Ends of addresses that tunnel to IPv4 within any network: ISATAP (RFC 5214). */
const tunnels = [
  { from: 4, pattern: [0, 0x5efe], at: 6 },
  { from: 4, pattern: [0x200, 0x5efe], at: 6 },
] as const;
