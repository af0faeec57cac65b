import type { Hop } from './hop.ts';
import { parseUrl } from './target.ts';

/** What says nothing about who asks, so that a stranger may see it. Everything else may be a secret. */
const harmless: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'content-type',
  'user-agent',
]);

/**
 * Where an answer sends us (Fetch standard, HTTP-redirect fetch); null if it is no redirect. The new URL goes through
 * everything that the first one did. Throws OUTBOUND_REQUEST_INVALID if it is none that we would ask.
 */
export const redirectOf = (hop: Hop, status: number, location: string | undefined): Hop | null => {
  if (location === undefined || !isRedirect(status)) return null;
  const url = parseUrl(URL.parse(location, hop.url) ?? location);
  const becomesGet = status === 303 ? hop.method !== 'HEAD' : status < 303 && hop.method === 'POST';
  const isForeign = url.origin !== hop.url.origin;
  const headers = Object.entries(hop.headers).filter(
    ([name]) => (!isForeign || harmless.has(name)) && !(becomesGet && name.startsWith('content-')),
  );
  return {
    url,
    method: becomesGet ? 'GET' : hop.method,
    headers: Object.fromEntries(headers),
    body: becomesGet ? null : hop.body,
  };
};

const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status);
