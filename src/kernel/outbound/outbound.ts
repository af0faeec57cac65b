import type { BlockList, Socket } from 'node:net';

import { kernelError } from '../error.ts';
import { type AddressRange, createAddressClassifier } from './address-class.ts';
import { type ConnectDeps, connectTo } from './connect.ts';
import { type Attempt, outboundFailed, requestInvalid } from './failures.ts';
import type { Reach } from './guard.ts';
import { type Hop, type OutboundMethod, outboundMethods } from './hop.ts';
import { redirectOf } from './redirect.ts';
import { readHeaders, send } from './send.ts';
import { dialBySystem, listLocalAddresses, resolveBySystem } from './system.ts';
import { parseTarget, parseUrl, targetOf } from './target.ts';

type Common = {
  /** What may be reached; default only `public`. Link-local and metadata addresses and our own servers never are. */
  readonly ranges?: readonly AddressRange[];
  /** Taken away from `ranges`. */
  readonly deny?: BlockList;
  readonly signal?: AbortSignal;
  /** For everything together; default 30,000. */
  readonly timeoutMs?: number;
};

export type OutboundRequest = Common & {
  /** Default GET. */
  readonly method?: OutboundMethod;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | null;
  /** How many are followed; default 0, and the redirect is the answer. To another origin go harmless headers only. */
  readonly redirects?: number;
  /** Largest body of the answer; default 10 MiB. */
  readonly maxBytes?: number;
};

export type OutboundResponse = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
  /** Where the answer came from, after all redirects. */
  readonly url: string;
};

export type OutboundConnection = Common & {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte, verified against `host`. */
  readonly isTls?: boolean;
};

/** The one way out of Ashlar. */
export type Outbound = {
  /**
   * Answers whatever status came back. Throws OUTBOUND_REQUEST_INVALID (invalid), ADDRESS_DENIED (forbidden),
   * OUTBOUND_FAILED (unavailable, with a `reason`), or CANCELLED by the signal. No message holds a path, header or body.
   */
  request(url: string | URL, options?: OutboundRequest): Promise<OutboundResponse>;
  /** For other protocols (SMTP, SSH, WebSocket): a connection to a tested address, the caller's to close. Throws as `request`. */
  connect(options: OutboundConnection): Promise<Socket>;
};

const defaults = { timeoutMs: 30_000, maxBytes: 10 * 1024 * 1024, ranges: ['public'] } as const;

type OutboundDeps = Pick<ConnectDeps, 'ownEndpoints'> & Partial<Omit<ConnectDeps, 'classify'>>;

export const createOutbound = (given: OutboundDeps): Outbound => {
  const deps = {
    resolve: resolveBySystem,
    dial: dialBySystem,
    localAddresses: listLocalAddresses,
    ca: null,
    classify: createAddressClassifier(),
    ...given,
  };
  return {
    request: async (url, options = {}) => ask(deps, url, options),
    connect: async (options) => open(deps, options),
  };
};

const ask = (deps: ConnectDeps, url: string | URL, options: OutboundRequest): Promise<OutboundResponse> => {
  const { redirects = 0, maxBytes = defaults.maxBytes } = options;
  const first = firstHop(url, options);
  const reach = reachOf(options);
  return within(attemptOf(first), options, (signal) => follow(deps, first, { signal, redirects, maxBytes, reach }));
};

const firstHop = (url: string | URL, { method = 'GET', headers = {}, body = null }: OutboundRequest): Hop => {
  if (!outboundMethods.includes(method)) throw requestInvalid('the method is none of HTTP that may be used');
  return {
    url: parseUrl(url),
    method,
    headers: readHeaders(headers),
    body: typeof body === 'string' ? Buffer.from(body) : body,
  };
};

const open = (deps: ConnectDeps, { host, port, isTls = false, ...options }: OutboundConnection): Promise<Socket> => {
  const target = parseTarget({ host, port, isTls });
  const attempt = `a connection to ${target.host}:${target.port}`;
  const reach = reachOf(options);
  return within(attempt, options, (signal) => connectTo(deps, target, { attempt, signal, reach }));
};

const reachOf = ({ ranges = defaults.ranges, deny }: Common): Reach => ({
  ranges,
  ...(deny !== undefined && { deny }),
});

const attemptOf = ({ method, url }: Hop): Attempt => `${method} ${url.origin}`;

type Follow = {
  readonly signal: AbortSignal;
  readonly redirects: number;
  readonly maxBytes: number;
  readonly reach: Reach;
};

/** Each hop is a request of its own: looked up, tested and connected anew. */
const follow = async (deps: ConnectDeps, first: Hop, options: Follow): Promise<OutboundResponse> => {
  const { signal, redirects, maxBytes, reach } = options;
  let hop = first;
  for (let left = redirects; ; left -= 1) {
    const attempt = attemptOf(hop);
    const socket = await connectTo(deps, targetOf(hop.url), { attempt, signal, reach });
    const received = await send(hop, { socket, attempt, signal, maxBytes });
    const next =
      redirects === 0 ? null : redirectOf(hop, received.status, received.headers.get('location') ?? undefined);
    if (next === null) return { ...received, url: hop.url.href };
    if (left === 0) throw outboundFailed(attempt, 'too_many_redirects');
    hop = next;
  }
};

/** Gives `work` a signal that ends it at the deadline or when the caller has gone. */
const within = async <T>(
  attempt: Attempt,
  { signal, timeoutMs = defaults.timeoutMs }: Common,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  const inner = new AbortController();
  const cancel = () => inner.abort(kernelError('CANCELLED', { cause: signal?.reason }));
  if (signal?.aborted) cancel();
  signal?.addEventListener('abort', cancel);
  const timer = setTimeout(() => inner.abort(outboundFailed(attempt, 'timed_out')), timeoutMs);
  try {
    return await work(inner.signal);
  } catch (thrown) {
    // Whatever broke because of it, the reason is the end that was set.
    inner.signal.throwIfAborted();
    throw thrown;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', cancel);
  }
};
