import { isIP } from 'node:net';
import { resolve } from 'node:path';

import type { Check } from './check.ts';
import type { KernelSettings } from './sections.ts';

type DatabaseSettings = KernelSettings['database'];
type Ssl = 'disable' | 'require' | 'verify-full';

/** A server that somebody else runs. Every address states its `sslmode`. */
export type DatabaseAddress = {
  /** `postgres://user:password@host:port/name?sslmode=…`, for running. */
  readonly url: string;
  /** For migrations; `url` if none was given. */
  readonly ownerUrl: string;
  /** Past the pooler, for LISTEN and session locks; null if there is no such way. */
  readonly directUrl: string | null;
  readonly ssl: Ssl;
};

/** Null if `url` was refused or cannot be made. */
export const toDatabaseAddress = (database: DatabaseSettings, check: Check): DatabaseAddress | null => {
  const surroundings = { database, check };
  const url = database.url ?? joinAddress(database, check);
  const main = url === null ? null : readAddress('database.url', url, surroundings);
  const owner = readOther('ownerUrl', main, surroundings);
  const direct = readOther('directUrl', database.pooler === 'none' ? main : null, surroundings);
  if (main === null) return null;
  return {
    url: main.url,
    ownerUrl: owner?.url ?? main.url,
    directUrl: direct?.url ?? null,
    ssl: main.ssl,
  };
};

/** An address that may be left out. */
const readOther = (key: 'ownerUrl' | 'directUrl', fallback: Address | null, surroundings: Surroundings) => {
  const { database, check } = surroundings;
  const text = database[key];
  if (text !== undefined) return readAddress(`database.${key}`, text, surroundings);
  if (fallback !== null) check.derive(`database.${key}`, ['database.url']);
  return fallback;
};

const parts = ['host', 'user', 'password', 'name'] as const;

/** The address made of host, port, user, password and name; null and a problem if one of them is missing. */
const joinAddress = (database: DatabaseSettings, check: Check): string | null => {
  const { host, user, password, name } = database;
  if (host === undefined || user === undefined || password === undefined || name === undefined) {
    refuseMissingParts(database, check);
    return null;
  }
  const isSocket = host.startsWith('/');
  if (!isSocket && !/^[^\s/@?#]+$/.test(host)) {
    check.refuse('database.host', "must be a host's name, its address, or the directory of a Unix socket");
    return null;
  }
  check.derive(
    'database.url',
    ['host', 'port', 'user', 'password', 'name'].map((part) => `database.${part}`),
  );
  const [login, key, base] = [user, password, name].map(encodeURIComponent);
  const server = isSocket ? 'localhost' : isIP(host) === 6 ? `[${host}]` : host;
  const query = isSocket ? `?host=${encodeURIComponent(host)}` : '';
  return `postgres://${login}:${key}@${server}:${database.port}/${base}${query}`;
};

const refuseMissingParts = (database: DatabaseSettings, check: Check): void => {
  const missing = parts.filter((part) => database[part] === undefined);
  const names = listOf(missing.map((part) => check.variableOf(`database.${part}`)));
  const url = check.variableOf('database.url');
  if (missing.length === parts.length) {
    check.refuse('database.url', `an external database needs its address: set ${url}, or ${names}`);
    return;
  }
  for (const part of missing) {
    check.refuse(
      `database.${part}`,
      `set ${check.variableOf(`database.${part}`)} too, or ${url} in place of all parts`,
    );
  }
};

const listOf = (names: readonly string[]): string => new Intl.ListFormat('en', { type: 'conjunction' }).format(names);

type Address = { readonly url: string; readonly ssl: Ssl };
type Surroundings = { readonly database: DatabaseSettings; readonly check: Check };

/** Gives an address its `sslmode`; null and a problem if it is none, or contradicts `database.ssl`. */
const readAddress = (path: string, text: string, { database, check }: Surroundings): Address | null => {
  const address = parseAddress(text);
  if (address === null) {
    const advice = 'percent-encode @ : / ? # in a password';
    check.refuse(path, `not an address such as postgres://user:password@host:5432/name (${advice})`);
    return null;
  }
  const ssl = address.searchParams.get('sslmode') ?? database.ssl ?? 'disable';
  if (!isSsl(ssl)) {
    check.refuse(path, `sslmode=${ssl} is not supported: say disable, require or verify-full`);
    return null;
  }
  if (database.ssl !== undefined && database.ssl !== ssl) {
    check.refuse(path, `says sslmode=${ssl}, but database.ssl says ${database.ssl}: make them agree`);
    return null;
  }
  address.searchParams.set('sslmode', ssl);
  if (database.sslCaFile !== undefined)
    address.searchParams.set('sslrootcert', resolve(check.root, database.sslCaFile));
  return { url: address.href, ssl };
};

const isSsl = (text: string): text is Ssl => text === 'disable' || text === 'require' || text === 'verify-full';

const parseAddress = (text: string): URL | null => {
  if (!/^postgres(ql)?:/.test(text) || !URL.canParse(text)) return null;
  const address = new URL(text);
  return address.hostname === '' || address.username === '' ? null : address;
};
