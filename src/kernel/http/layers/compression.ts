import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

import { addVary, type Exchange, setHeader } from '../exchange.ts';
import type { Layer } from '../layer.ts';

const compress = promisify(gzip);
/** Below this a packet more or less is not saved. */
const minBytes = 1024;
const compressible = /^(?:text\/|application\/(?:json|javascript|problem\+json))/;
const gzipWanted = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/;

/** gzip, from 1 KB on, not of streams, and only where the answer becomes smaller. Routes that keep a compressed copy answer it themselves. */
export const compression = (): Layer => ({
  name: 'compression',
  leave: (exchange) => {
    const { answer } = exchange;
    if (answer === null || answer.body === null || answer.body instanceof ReadableStream) return undefined;
    if (answer.body.length < minBytes) return undefined;
    if (answer.headers['content-encoding'] !== undefined) return undefined;
    if (!compressible.test(answer.headers['content-type'] ?? '')) return undefined;
    addVary(exchange, 'Accept-Encoding');
    return acceptsGzip(exchange) ? replaceBody(exchange, answer.body) : undefined;
  },
});

export const acceptsGzip = ({ incoming }: Exchange): boolean => {
  const accepted = incoming.headers['accept-encoding'];
  return typeof accepted === 'string' && gzipWanted.test(accepted);
};

const replaceBody = async (exchange: Exchange, body: string | Uint8Array): Promise<void> => {
  const packed = await compress(body);
  if (exchange.answer === null || packed.length >= Buffer.byteLength(body)) return;
  exchange.answer = { ...exchange.answer, body: packed };
  setHeader(exchange, 'content-encoding', 'gzip');
};
