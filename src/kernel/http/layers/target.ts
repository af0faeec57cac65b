import { kernelError } from '../../error.ts';
import type { Peers } from '../client-address.ts';
import { type Exchange } from '../exchange.ts';
import type { Layer } from '../layer.ts';

type TargetOptions = { readonly hosts: ReadonlySet<string>; readonly peers: Peers };

/**
 * Refuses a Host that is not ours (421; a page of another site that rebinds its name to our address gets nothing) and a
 * path that does not decode (400; the router would guess). The port in Host is not compared: containers map ports.
 */
export const target = ({ hosts, peers }: TargetOptions): Layer => {
  let lastServed = '';
  return {
    name: 'target',
    enter: (exchange) => {
      const host = hostOf(exchange, peers);
      if (host !== lastServed) {
        if (!hosts.has(nameOf(host))) throw hostNotServed();
        lastServed = host;
      }
      const { url } = exchange.incoming;
      if (url?.includes('%')) checkPath(url);
    },
  };
};

const hostNotServed = () =>
  kernelError('HOST_NOT_SERVED', {
    details: { message: 'this server is reached by another name: an operator sets it as http.publicUrl' },
  });

const hostOf = ({ incoming }: Exchange, peers: Peers): string => {
  const forwarded = incoming.headers['x-forwarded-host'];
  return (typeof forwarded === 'string' && peers.isTrusted(incoming) ? forwarded : incoming.headers.host) ?? '';
};

/** `Ashlar.example:8080` is `ashlar.example`; `[::1]:8080` is `[::1]`. */
const nameOf = (host: string): string => host.replace(/:\d*$/, '').toLowerCase();

const checkPath = (url: string): void => {
  const query = url.indexOf('?');
  const path = query === -1 ? url : url.slice(0, query);
  if (!isDecodable(path)) throw invalidPath('holds a percent-encoding that is not valid UTF-8');
  if (path.includes('%00')) throw invalidPath('holds the character U+0000');
};

const isDecodable = (path: string): boolean => {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
};

const invalidPath = (message: string) => kernelError('INPUT_INVALID', { details: { fields: { path: [message] } } });
