import { isIP } from 'node:net';

/** The eight groups of an IPv6 address, whichever way it is spelled, without its zone; null if it is none. */
export const parseIpv6 = (text: string): readonly number[] | null => {
  if (isIP(text) !== 6) return null;
  const [address = ''] = text.split('%', 1);
  const [head = '', tail] = address.split('::');
  const left = groupsOf(head);
  const right = tail === undefined ? [] : groupsOf(tail);
  return [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
};

const groupsOf = (text: string): readonly number[] =>
  text === ''
    ? []
    : text.split(':').flatMap((group) => (group.includes('.') ? groupsOfIpv4(group) : parseInt(group, 16)));

const groupsOfIpv4 = (text: string): readonly number[] => {
  const [a = 0, b = 0, c = 0, d = 0] = text.split('.').map(Number);
  return [a * 256 + b, c * 256 + d];
};

/** The IPv4 address in two groups of an IPv6 address. */
export const toIpv4 = (high: number, low: number): string => [high >> 8, high & 255, low >> 8, low & 255].join('.');

/**
 * Whoever has one address has as a rule all of this: the IPv4 address itself, the /64 of an IPv6 address (RFC 6177).
 * An IPv4 address that is written as IPv6 is still one.
 */
export const sourceOf = (address: string): string => {
  const groups = parseIpv6(address);
  if (groups === null) return address;
  return (
    mappedIpv4(groups) ??
    `${groups
      .slice(0, 4)
      .map((group) => group.toString(16))
      .join(':')}::/64`
  );
};

/** `::ffff:203.0.113.7` (RFC 4291, section 2.5.5.2); null for every other address. */
const mappedIpv4 = (groups: readonly number[]): string | null => {
  const [high = 0, low = 0] = groups.slice(6);
  return groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0) ? toIpv4(high, low) : null;
};
