import { isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { type Attempt, outboundFailed, type OutboundReason } from './failures.ts';
import { findAddresses, type GuardDeps, type Reach } from './guard.ts';
import type { Target } from './target.ts';

/** Opens a connection to an address, at which nothing is looked up any more. */
export type Dial = (to: { readonly address: string; readonly port: number }) => Socket;

export type ConnectDeps = GuardDeps & {
  readonly dial: Dial;
  /** Certificate authorities (PEM) in place of those that Node trusts; null: Node's. */
  readonly ca: readonly string[] | null;
};

export type Call = { readonly attempt: Attempt; readonly reach: Reach; readonly signal: AbortSignal };

/** For all addresses of a name together; within it, each has an equal part of what is left. */
const connectMs = 5000;

/**
 * The one way out: looks the name up once, tests every address, connects to one of those, and lets the other end prove
 * that it has the name. Throws ADDRESS_DENIED or OUTBOUND_FAILED.
 */
export const connectTo = async (deps: ConnectDeps, target: Target, call: Call): Promise<Socket> => {
  const addresses = await untilAborted(findAddresses(deps, target, call), call.signal);
  const deadline = performance.now() + connectMs;
  for (const [index, address] of addresses.entries()) {
    const partMs = (deadline - performance.now()) / (addresses.length - index);
    const isLast = index === addresses.length - 1;
    try {
      return await open(deps, { address, target, call, partMs });
    } catch (thrown) {
      if (isLast || call.signal.aborted) throw thrown;
    }
  }
  throw outboundFailed(call.attempt, 'name_not_found');
};

type Open = { readonly address: string; readonly target: Target; readonly call: Call; readonly partMs: number };

const open = async (deps: ConnectDeps, { address, target, call, partMs }: Open): Promise<Socket> => {
  const signal = AbortSignal.any([call.signal, AbortSignal.timeout(Math.max(1, Math.ceil(partMs)))]);
  const plain = deps.dial({ address, port: target.port });
  await ready(plain, 'connect', { signal, call, reason: 'unreachable' });
  if (!target.isTls) return plain;
  const secure = connectTls({
    socket: plain,
    host: target.host,
    // An address is no name for SNI (RFC 6066, section 3); the certificate must then be for the address.
    ...(isIP(target.host) === 0 && { servername: target.host }),
    ...(deps.ca !== null && { ca: [...deps.ca] }),
    ...(target.protocol !== undefined && { ALPNProtocols: [target.protocol] }),
    rejectUnauthorized: true,
  });
  return ready(secure, 'secureConnect', { signal, call, reason: 'tls_failed' }).catch((thrown: unknown) => {
    plain.destroy();
    throw thrown;
  });
};

type Ready = { readonly signal: AbortSignal; readonly call: Call; readonly reason: OutboundReason };

const ready = (socket: Socket, event: 'connect' | 'secureConnect', { signal, call, reason }: Ready): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const settle = (finish: () => void) => {
      signal.removeEventListener('abort', onAbort);
      socket.off(event, onReady).off('error', onError).off('close', onClose);
      finish();
    };
    const fail = (failure: unknown) =>
      settle(() => {
        // What it still has to say is nothing that anybody waits for.
        socket.on('error', () => undefined).destroy();
        reject(failure);
      });
    const onReady = () => settle(() => resolve(socket));
    const onError = (cause: Error) => fail(outboundFailed(call.attempt, reason, cause));
    const onClose = () => fail(outboundFailed(call.attempt, reason));
    const onAbort = () => fail(call.signal.aborted ? call.signal.reason : outboundFailed(call.attempt, 'timed_out'));
    socket.on(event, onReady).on('error', onError).on('close', onClose);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort);
  });

/** The system's look-up cannot be called back; nobody waits for it. */
export const untilAborted = <T>(work: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort);
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
