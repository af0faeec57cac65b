import { isIP } from 'node:net';

import { requestInvalid } from './failures.ts';

/** One end to connect to. */
export type Target = {
  /** A name in lower case, or an address in its usual form without brackets. */
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  /** What TLS is told that will be spoken (ALPN); absent: nothing. */
  readonly protocol?: string;
};

/**
 * Reads a URL as browsers do (WHATWG), so that every spelling of an address (`0x7f.1`, `2130706433`, `127.0.0.1.`)
 * becomes the one that is tested. Throws OUTBOUND_REQUEST_INVALID, whose message holds nothing of the URL but its scheme.
 */
export const parseUrl = (text: string | URL): URL => {
  const url = URL.parse(text);
  if (url === null) throw requestInvalid('the URL cannot be read: it needs the form https://host/path');
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw requestInvalid(`the scheme ${url.protocol} is not http or https`);
  if (url.username !== '' || url.password !== '')
    throw requestInvalid('the URL holds a user or a password: they belong in a header');
  const bare = url.hostname.replace(/\.$/, '');
  if (bare !== url.hostname) url.hostname = bare;
  if (url.hostname !== bare || bare === '' || bare.endsWith('.'))
    throw requestInvalid('the host of the URL is no name and no address');
  url.hash = '';
  return url;
};

export const targetOf = (url: URL): Target => {
  const isTls = url.protocol === 'https:';
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || (isTls ? 443 : 80)),
    isTls,
    protocol: 'http/1.1',
  };
};

/** The same care for a host that comes without a URL. */
export const parseTarget = ({ host, port, isTls }: Omit<Target, 'protocol'>): Target => {
  const url = parseUrl(`http://${isIP(host) === 6 ? `[${host}]` : host}/`);
  if (url.pathname !== '/' || url.search !== '' || url.port !== '')
    throw requestInvalid('the host is no name and no address');
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw requestInvalid(`the port ${port} is not between 1 and 65535`);
  return { host: targetOf(url).host, port, isTls };
};
