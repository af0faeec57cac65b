import { connect, type Socket } from 'node:net';

export type ConnectionOptions = {
  readonly port: number;
  /** The whole request as it goes over the wire. */
  readonly request: Buffer;
  /** The body that every answer must have; null: only the status is checked. */
  readonly body: string | null;
  /** `wrong` says what is wrong with the answer, null if nothing. Returns true if the next request shall be sent. */
  readonly onAnswer: (sentAtMs: number, wrong: string | null) => boolean;
  readonly onClosed: (reason: string) => void;
};

export type Connection = { close(): void };

/** Bodies are compared in full on every 64th answer, by length on the others. */
const COMPARE_EVERY = 64;
const HEAD_END = '\r\n\r\n';
const LENGTH_HEADERS = ['\r\nContent-Length: ', '\r\ncontent-length: '] as const;

/**
 * A keep-alive connection with one request in flight. It reads and writes the socket's bytes itself: a client library
 * costs several times what the fastest server costs, and would be what is measured.
 */
export const openConnection = (options: ConnectionOptions): Connection => {
  const state = { sentAtMs: 0, pending: '', answers: 0, closed: false };
  const send = (): void => {
    state.sentAtMs = performance.now();
    socket.write(options.request);
  };
  const receive = (text: string): void => {
    const whole = state.pending === '' ? text : state.pending + text;
    const bodyStart = completeBody(whole);
    if (bodyStart === null) {
      state.pending = whole;
      return;
    }
    state.pending = '';
    state.answers += 1;
    const wrong = judge(whole, bodyStart, state.answers % COMPARE_EVERY === 1, options.body);
    if (options.onAnswer(state.sentAtMs, wrong)) send();
  };
  const socket: Socket = connect({
    host: '127.0.0.1',
    port: options.port,
    noDelay: true,
    onread: {
      buffer: Buffer.allocUnsafe(65_536),
      callback: (length, bytes) => {
        receive((bytes as Buffer).toString('latin1', 0, length));
        return true;
      },
    },
  });
  socket.once('connect', send);
  const closed = (reason: string): void => {
    if (state.closed) return;
    state.closed = true;
    options.onClosed(reason);
  };
  socket.on('error', (error) => closed(error.message));
  socket.on('close', () => closed('the server closed the connection'));
  return {
    close: () => {
      state.closed = true;
      socket.destroy();
    },
  };
};

/** Where the body starts if the answer has arrived as a whole, else null. */
const completeBody = (text: string): number | null => {
  const headEnd = text.indexOf(HEAD_END);
  if (headEnd < 0) return null;
  const start = headEnd + HEAD_END.length;
  for (const header of LENGTH_HEADERS) {
    const at = text.indexOf(header);
    if (at >= 0 && at < headEnd)
      return text.length >= start + parseInt(text.slice(at + header.length, at + 34), 10) ? start : null;
  }
  return text.endsWith('0\r\n\r\n') ? start : null;
};

const judge = (text: string, bodyStart: number, inFull: boolean, body: string | null): string | null => {
  if (!text.startsWith('HTTP/1.1 200')) return text.slice(0, text.indexOf('\r\n'));
  if (body === null) return null;
  if (text.length - bodyStart !== body.length) return 'a body of another length';
  return inFull && text.slice(bodyStart) !== body ? 'another body' : null;
};
