import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { getRequestListener } from '@hono/node-server';

import { AppError, kernelError, toAppError } from '../error.ts';
import type { Logger } from '../observability/logger.ts';
import type { HttpApp } from './app.ts';
import { createClientErrorHandler, malformedResponse, refuseExpectation, refuseTunnel } from './client-error.ts';
import { type Connections, trackConnections } from './connections.ts';

export type HttpServerOptions = {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly metricsPort: number | null;
  readonly log: Logger;
};

export type DrainOptions = {
  /** Time for load balancers to notice that `/ready` says no; requests are taken meanwhile. */
  readonly delaySeconds: number;
  /** From the end of the delay; what is then unanswered gets SHUTTING_DOWN (503). */
  readonly deadlineSeconds: number;
};

export type HttpServer = {
  /** `http://127.0.0.1:8080`, with the port that was taken. */
  readonly url: string;
  /** Null when metrics are served with the rest. */
  readonly metricsUrl: string | null;
  /** Answers everything that was accepted, then closes. False if the deadline passed before that. */
  drain(options: DrainOptions): Promise<boolean>;
  /** Closes at once. Harmless after `drain`. */
  close(): Promise<void>;
};

/** Limits against slow and oversized senders. 65 s outlasts the idle time of usual proxies (60 s), so that they close first. */
const limits = {
  maxHeaderSize: 16_384,
  headersTimeout: 10_000,
  requestTimeout: 300_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 1000,
  // The adapter refuses a request without Host, with a problem document.
  requireHostHeader: false,
};

/** Opens the port, and the one for metrics if there is one. Throws PORT_IN_USE, PORT_FORBIDDEN or ADDRESS_NOT_AVAILABLE. */
export const openHttpServer = async (app: HttpApp, options: HttpServerOptions): Promise<HttpServer> => {
  const { host, port, log } = options;
  const main = await listen(app.fetch, { host, port, log, setting: 'http.port' });
  const metrics = await openMetrics(app, options).catch(async (error: unknown) => {
    await closeNow(main);
    throw error;
  });
  const closeAll = async () => {
    await closeNow(main);
    if (metrics !== null) await closeNow(metrics);
  };
  return {
    url: urlOf(main.server, host),
    metricsUrl: metrics === null ? null : urlOf(metrics.server, host),
    drain: async (drainOptions) => {
      const isClean = await drain(app, main, drainOptions);
      await closeAll();
      return isClean;
    },
    close: closeAll,
  };
};

type Listening = { readonly server: Server; readonly connections: Connections };
type ListenOptions = Pick<HttpServerOptions, 'host' | 'port' | 'log'> & { readonly setting: string };

const openMetrics = async ({ metricsFetch }: HttpApp, options: HttpServerOptions): Promise<Listening | null> => {
  const { host, metricsPort, log } = options;
  if (metricsFetch === null || metricsPort === null) return null;
  return listen(metricsFetch, { host, port: metricsPort, log, setting: 'http.metricsPort' });
};

const listen = async (fetch: HttpApp['fetch'], { host, port, log, setting }: ListenOptions): Promise<Listening> => {
  // The adapter's bindings hold what ours name, and HTTP/2's kinds of them, which are not served.
  const answer = getRequestListener((request, env) => fetch(request, env as Parameters<typeof fetch>[1]), {
    errorHandler: (thrown) => answerFailure(thrown, log),
  });
  keepInstanceOf();
  const server = createServer(limits);
  const connections = trackConnections(server);
  server.on('request', (incoming, outgoing) => {
    if (connections.isClosing) outgoing.shouldKeepAlive = false;
    // Load balancers probe with HTTP/1.0, which knows no Host; the adapter wants one.
    if (incoming.headers.host === undefined && probePaths.has(incoming.url ?? '')) incoming.headers.host = 'localhost';
    void answer(incoming, outgoing);
  });
  server.on('checkExpectation', refuseExpectation);
  server.on('connect', refuseTunnel);
  server.on('clientError', createClientErrorHandler(log));
  await startListening(server, { host, port, log, setting });
  server.on('error', (err) => log.error({ err }, 'the HTTP server failed'));
  return { server, connections };
};

/**
 * The adapter puts a light `Response` in the place of node's, for speed; what `fetch` answers would no longer be
 * `instanceof Response`, which libraries ask.
 */
const keepInstanceOf = (): void => {
  const native: unknown = Object.getPrototypeOf(Response);
  if (native === Function.prototype || typeof native !== 'function' || Object.hasOwn(Response, Symbol.hasInstance))
    return;
  Object.defineProperty(Response, Symbol.hasInstance, { value: (value: unknown) => value instanceof native });
};

const probePaths: ReadonlySet<string> = new Set(['/health', '/ready', '/metrics']);

/** The adapter could not make a request of it; the chain itself never rejects. */
const answerFailure = (thrown: unknown, log: Logger): Response => {
  if (!(thrown instanceof Error && thrown.name === 'RequestError'))
    log.error({ err: toAppError(thrown) }, 'the HTTP adapter failed');
  return malformedResponse();
};

const startListening = (server: Server, { host, port, setting }: ListenOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    const onError = (cause: NodeJS.ErrnoException) => reject(describeListenError(cause, `${host}:${port}`, setting));
    server.once('error', onError);
    server.listen(port, host, () => {
      server.off('error', onError);
      resolve();
    });
  });

const describeListenError = (cause: NodeJS.ErrnoException, address: string, setting: string): AppError => {
  const variable = `ASHLAR_${setting
    .replace('.', '__')
    .replaceAll(/([A-Z])/g, '_$1')
    .toUpperCase()}`;
  const [code, problem] = listenProblems[cause.code ?? ''] ?? ['LISTEN_FAILED', cause.message];
  const message = `cannot listen on ${address}: ${problem}; change ${setting} (${variable})`;
  return new AppError(code, { kind: 'conflict', details: { message }, cause });
};

const listenProblems: Readonly<Record<string, readonly [string, string]>> = {
  EADDRINUSE: ['PORT_IN_USE', 'another program has the port; stop it, or choose another one'],
  EACCES: ['PORT_FORBIDDEN', 'this user may not open that port; choose one above 1023'],
  EADDRNOTAVAIL: [
    'ADDRESS_NOT_AVAILABLE',
    'this machine has no such address; choose 127.0.0.1 or 0.0.0.0 as http.host',
  ],
};

const urlOf = (server: Server, host: string): string => {
  // A TCP server that listens has an address and a port.
  const { port } = server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
};

const drain = async (app: HttpApp, { connections }: Listening, options: DrainOptions): Promise<boolean> => {
  app.beginStop();
  if (options.delaySeconds > 0) await wait(options.delaySeconds * 1000);
  for (const { outgoing } of app.inFlight) if (outgoing !== null) outgoing.shouldKeepAlive = false;
  const closed = connections.closeGently();
  const isClean = await Promise.race([closed.then(() => true), wait(options.deadlineSeconds * 1000).then(() => false)]);
  if (!isClean) {
    app.inFlight.concludeAll(() => kernelError('SHUTTING_DOWN'));
    await Promise.race([closed, wait(lastWordsMs)]);
  }
  return isClean;
};

/** For the last answers to leave. */
const lastWordsMs = 250;

const wait = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });

const closeNow = ({ connections }: Listening): Promise<void> => connections.closeNow();
