import { BlockList, isIP, type Socket } from 'node:net';

import type { Incoming } from './exchange.ts';

/** The address of whoever asked; null without a socket. */
export type ClientAddress = (incoming: Incoming) => string | null;

type Peer = { readonly address: string | null; readonly isTrusted: boolean };

export type Peers = {
  readonly clientAddress: ClientAddress;
  /** Whether the other end of the connection is one of our proxies. */
  readonly isTrusted: (incoming: Incoming) => boolean;
};

/**
 * `X-Forwarded-For` is read from its end, as far as each hop is a trusted proxy: what stands before the first foreign
 * address was written by that stranger. Ranges are CIDR (`10.0.0.0/8`) or single addresses.
 */
export const createPeers = (trustedProxies: readonly string[]): Peers => {
  const isProxy = createMatcher(trustedProxies);
  const peers = new WeakMap<Socket, Peer>();
  const peerOf = (socket: Socket): Peer => {
    const known = peers.get(socket);
    if (known !== undefined) return known;
    const address = socket.remoteAddress === undefined ? null : plain(socket.remoteAddress);
    const peer = { address, isTrusted: address !== null && isProxy(address) };
    peers.set(socket, peer);
    return peer;
  };
  return {
    isTrusted: ({ socket }) => peerOf(socket).isTrusted,
    clientAddress: ({ socket, headers }) => {
      const { address, isTrusted } = peerOf(socket);
      const forwarded = headers['x-forwarded-for'];
      return isTrusted && typeof forwarded === 'string' ? firstStranger(forwarded, address, isProxy) : address;
    },
  };
};

const firstStranger = (
  forwarded: string,
  peer: string | null,
  isProxy: (address: string) => boolean,
): string | null => {
  let client = peer;
  for (const hop of forwarded.split(',').toReversed()) {
    const address = plain(hop.trim());
    if (isIP(address) === 0) break;
    client = address;
    if (!isProxy(address)) break;
  }
  return client;
};

/** An IPv4 address that came over an IPv6 socket is still an IPv4 address. */
const plain = (address: string): string =>
  address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

const createMatcher = (ranges: readonly string[]): ((address: string) => boolean) => {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/');
    if (prefix === undefined) list.addAddress(address, familyOf(address));
    else list.addSubnet(address, Number(prefix), familyOf(address));
  }
  return ranges.length === 0 ? () => false : (address) => list.check(address, familyOf(address));
};
