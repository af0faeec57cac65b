import { lookup } from 'node:dns/promises';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';

import type { Dial } from './connect.ts';
import type { Resolve } from './guard.ts';

/** As every other program of this machine finds names: hosts file, then DNS. */
export const resolveBySystem: Resolve = async (name) =>
  (await lookup(name, { all: true, order: 'verbatim' })).map(({ address }) => address);

export const dialBySystem: Dial = ({ address, port }) => connect({ host: address, port, autoSelectFamily: false });

export const listLocalAddresses = (): readonly string[] =>
  Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ address }) => address));
