import { randomBytes } from 'node:crypto';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import { AppError } from '../error.ts';
import type { Logger } from '../observability/logger.ts';
import { problemAnswer } from './problem.ts';

/** What node's parser refuses before there is a request; whatever else is REQUEST_MALFORMED. */
const codeOf: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'BODY_TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'BODY_TIMEOUT',
};

type ClientError = Error & { readonly code?: string };

/** Answers what is not HTTP with a problem document and closes the connection. */
export const createClientErrorHandler =
  (log: Logger) =>
  (error: ClientError, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || !socket.writable || hasAnswered(socket)) return void socket.destroy();
    const code = codeOf[error.code ?? ''] ?? 'REQUEST_MALFORMED';
    const traceId = newTraceId();
    log.info({ code, reason: error.code, address: socket.remoteAddress, traceId }, 'request refused by the parser');
    socket.end(toHttp(code, traceId), () => socket.destroy());
    return undefined;
  };

/** A request whose target no URL can be made of, or that lacks Host. */
export const malformedResponse = (): Response => {
  const { status, headers, body } = problemAnswer(new AppError('REQUEST_MALFORMED', { kind: 'invalid' }), newTraceId());
  return new Response(body, { status, headers });
};

/** `Expect` with anything but 100-continue (RFC 9110, section 10.1.1). */
export const refuseExpectation = (_incoming: IncomingMessage, outgoing: ServerResponse): void => {
  const error = new AppError('EXPECTATION_FAILED', { kind: 'invalid' });
  const { status, headers, body } = problemAnswer(error, newTraceId());
  outgoing.writeHead(status, { ...headers, connection: 'close' }).end(body);
};

/** CONNECT asks for a tunnel; node hands over the bare connection. */
export const refuseTunnel = (_incoming: IncomingMessage, socket: Duplex): void => {
  socket.on('error', () => socket.destroy());
  socket.end(toHttp('METHOD_NOT_ALLOWED', newTraceId()), () => socket.destroy());
};

const newTraceId = (): string => randomBytes(16).toString('hex');

/** Part of an answer is already on its way: another would corrupt it. node's own handler looks at the same field. */
const hasAnswered = (socket: Socket & { readonly _httpMessage?: ServerResponse | null }): boolean =>
  socket._httpMessage?.headersSent === true;

const toHttp = (code: string, traceId: string): string => {
  const { status, headers, body } = problemAnswer(new AppError(code, { kind: 'invalid' }), traceId);
  const text = String(body);
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...Object.entries({ ...headers, connection: 'close', 'content-length': Buffer.byteLength(text) }).map(
      ([name, value]) => `${name}: ${value}`,
    ),
  ];
  return `${lines.join('\r\n')}\r\n\r\n${text}`;
};
