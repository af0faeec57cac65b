import { type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';

import { type Attempt, outboundFailed, requestInvalid } from './failures.ts';
import type { Hop } from './hop.ts';

export type Received = { readonly status: number; readonly headers: Headers; readonly body: Buffer };

type Send = {
  readonly socket: Socket;
  readonly attempt: Attempt;
  readonly signal: AbortSignal;
  readonly maxBytes: number;
};

/** One request over a connection that is used for nothing else, and closed. */
export const send = async (hop: Hop, options: Send): Promise<Received> => {
  const { socket, attempt, maxBytes } = options;
  try {
    const answer = await exchange(hop, options);
    const announced = Number(answer.headers['content-length'] ?? 0);
    if (announced > maxBytes && hop.method !== 'HEAD') throw outboundFailed(attempt, 'too_large');
    const body = await collect(answer, options);
    return { status: answer.statusCode ?? 0, headers: headersOf(answer), body };
  } finally {
    socket.destroy();
  }
};

const exchange = ({ url, method, headers, body }: Hop, { socket, attempt, signal }: Send): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const outgoing = request({
      // The connection is there, with TLS where it belongs: what is left is HTTP.
      createConnection: () => socket,
      method,
      path: url.pathname + url.search,
      headers: { ...headers, host: url.host, connection: 'close', ...lengthOf(method, body) },
      setDefaultHeaders: false,
      signal,
    });
    outgoing.once('response', resolve);
    outgoing.on('error', (cause) => reject(outboundFailed(attempt, 'broken_off', cause)));
    // Nobody has asked for another protocol.
    outgoing.once('upgrade', () => reject(outboundFailed(attempt, 'broken_off')));
    outgoing.end(body ?? undefined);
  });

/** Where a body is expected, none is one of no bytes (RFC 9110, section 8.6). */
const lengthOf = (method: Hop['method'], body: Hop['body']): Readonly<Record<string, number>> => {
  if (body !== null) return { 'content-length': body.byteLength };
  return method === 'POST' || method === 'PUT' || method === 'PATCH' ? { 'content-length': 0 } : {};
};

const collect = async (answer: IncomingMessage, { attempt, maxBytes }: Send): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of answer.iterator({ destroyOnReturn: true })) {
      // Without an encoding node gives bytes.
      const bytes = chunk as Buffer;
      sizeBytes += bytes.length;
      if (sizeBytes > maxBytes) break;
      chunks.push(bytes);
    }
  } catch (thrown) {
    throw outboundFailed(attempt, 'broken_off', thrown);
  }
  if (sizeBytes > maxBytes) throw outboundFailed(attempt, 'too_large');
  return Buffer.concat(chunks);
};

const headersOf = ({ rawHeaders }: IncomingMessage): Headers => {
  const headers = new Headers();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '');
  }
  return headers;
};

/** Those that decide where a message ends or whom it is for: ours alone. */
const ours: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Names in lower case. Throws OUTBOUND_REQUEST_INVALID, whose message holds no value. */
export const readHeaders = (given: Readonly<Record<string, string>>): Readonly<Record<string, string>> => {
  const headers: Record<string, string> = { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'Ashlar' };
  for (const [name, value] of Object.entries(given)) {
    const key = name.toLowerCase();
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(key))
      throw requestInvalid('the name of a header holds a character that it may not');
    if (ours.has(key)) throw requestInvalid(`the header ${key} is set by Ashlar`);
    if (/[^\t\x20-\x7e\x80-\xff]/.test(value))
      throw requestInvalid(`the header ${key} holds a character that it may not`);
    headers[key] = value;
  }
  return headers;
};
