import { type BlockList, isIP } from 'node:net';

import type { AppError } from '../error.ts';
import { type AddressClass, type AddressRange, type ClassifyAddress, normaliseAddress } from './address-class.ts';
import { addressDenied, type Attempt, outboundFailed } from './failures.ts';
import type { Target } from './target.ts';

/** Every address of a name, as the system would find them. Rejects or answers none if there is none. */
export type Resolve = (name: string) => Promise<readonly string[]>;

/** Where we ourselves listen or keep our data. */
export type OwnEndpoint = { readonly host: string; readonly port: number };

/** What a caller may reach; `deny` takes away from it. */
export type Reach = { readonly ranges: readonly AddressRange[]; readonly deny?: BlockList };

export type GuardDeps = {
  readonly resolve: Resolve;
  readonly classify: ClassifyAddress;
  /** Asked at each connection: what listens may have moved. */
  readonly ownEndpoints: () => readonly OwnEndpoint[];
  /** The addresses of this machine's interfaces. */
  readonly localAddresses: () => readonly string[];
};

/**
 * The addresses to connect to, all of them tested: one that is denied denies the name, since whoever answers for the name
 * chooses the order. Throws ADDRESS_DENIED, or OUTBOUND_FAILED if there is none.
 */
export const findAddresses = async (
  deps: GuardDeps,
  target: Target,
  { reach, attempt }: Ask,
): Promise<readonly string[]> => {
  const addresses = await lookUp(deps, target.host, attempt);
  const own = await listOwn(deps, target.port, attempt);
  for (const address of addresses) {
    const refusal = judge(deps, { address, own, reach, attempt });
    if (refusal !== null) throw refusal;
  }
  return addresses;
};

type Ask = { readonly reach: Reach; readonly attempt: Attempt };
type Judge = Ask & { readonly address: string; readonly own: Own };

const judge = ({ classify }: GuardDeps, { address, own, reach, attempt }: Judge): AppError | null => {
  const belongs = classify(address);
  // The address is for our log: a caller must not learn what our resolver knows.
  const refuse = (why: string) => addressDenied(attempt, why, new Error(`it is at ${address}`));
  if (belongs === 'denied') return refuse('nobody may reach its address');
  if (!reach.ranges.includes(belongs)) return refuse(`its address is ${belongs}`);
  if (isListed(reach.deny, address)) return refuse('its address is on the list of those denied');
  if (own.classes.has(belongs) || own.addresses.some((one) => isSame(one, address)))
    return refuse('Ashlar itself is there');
  return null;
};

const isListed = (list: BlockList | undefined, address: string): boolean => {
  const end = normaliseAddress(address) ?? '';
  return list?.check(end, isIP(end) === 6 ? 'ipv6' : 'ipv4') ?? false;
};

const isSame = (one: string, other: string): boolean => normaliseAddress(one) === normaliseAddress(other);

const lookUp = async ({ resolve }: GuardDeps, host: string, attempt: Attempt): Promise<readonly string[]> => {
  if (isIP(host) !== 0) return [host];
  const addresses = await resolve(host).catch((thrown: unknown) => {
    throw outboundFailed(attempt, 'name_not_found', thrown);
  });
  if (addresses.length === 0) throw outboundFailed(attempt, 'name_not_found');
  return addresses;
};

type Own = { readonly addresses: readonly string[]; readonly classes: ReadonlySet<AddressClass> };

/** What of us is behind this port. What listens on the loopback or everywhere has all loopback addresses. */
const listOwn = async (deps: GuardDeps, port: number, attempt: Attempt): Promise<Own> => {
  const hosts = deps.ownEndpoints().filter((endpoint) => endpoint.port === port && !endpoint.host.startsWith('/'));
  const addresses = (await Promise.all(hosts.map(({ host }) => lookUp(deps, host, attempt)))).flat();
  const isEverywhere = addresses.some((address) => address === '0.0.0.0' || address === '::');
  const isLoopback = isEverywhere || addresses.some((address) => deps.classify(address) === 'loopback');
  return {
    addresses: isEverywhere ? [...addresses, ...deps.localAddresses()] : addresses,
    classes: new Set(isLoopback ? ['loopback' as const] : []),
  };
};
