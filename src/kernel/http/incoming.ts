import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';

import type { Incoming } from './exchange.ts';

/** A request that came over no socket (an app called in process), in the shape of one that did. */
export const createIncoming = (request: Request): Incoming => {
  const { pathname, search, host } = new URL(request.url);
  // Two declarations of one type: the DOM's and node's.
  const body = request.body === null ? Readable.from([]) : Readable.fromWeb(request.body as ReadableStream);
  const headers: Record<string, string> = { host, ...Object.fromEntries(request.headers) };
  if (request.body !== null && headers['content-length'] === undefined) headers['transfer-encoding'] = 'chunked';
  return Object.assign(body, { headers, method: request.method, url: pathname + search, socket: new Socket() });
};
