import { hostname, networkInterfaces } from 'node:os';

import { type Context, Hono } from 'hono';

import { toAppError } from '../error.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { Runner } from '../run.ts';
import { isStreamOutput } from '../stream-output.ts';
import { createActionRoute, operationOf, type ServedAction } from './action-route.ts';
import { type ChainDeps, createChain } from './chain.ts';
import { createPeers } from './client-address.ts';
import { createDocsRoutes } from './docs.ts';
import type { HttpBindings, Route } from './exchange.ts';
import { fuse } from './fuse.ts';
import { createFallbackRoute } from './fallback-route.ts';
import type { HttpConfig } from './http-config.ts';
import { createInFlight, type InFlight } from './in-flight.ts';
import { createIncoming } from './incoming.ts';
import { createOpenApi, type OpenApiInfo } from './openapi.ts';
import { mountMetrics, mountProbes } from './probes.ts';
import { createReadiness, type HealthSource, type Readiness } from './readiness.ts';
import { openExchange } from './open-exchange.ts';
import { createRouter } from './router.ts';

export type HttpAppDeps = Omit<ChainDeps, 'inFlight' | 'peers' | 'hosts'> & {
  readonly usecases: readonly ServedAction[];
  /** `module.operation-id` of actions that need a session and no permission; any other without one stops the start. */
  readonly permissionFree: readonly string[];
  readonly runner: Runner;
  readonly health: HealthSource;
  readonly openApi: OpenApiInfo;
};

export type HttpApp = {
  fetch(request: Request, env?: HttpBindings['Bindings']): Response | Promise<Response>;
  /** Serves `/metrics` and the probes on a port of its own; null if the main port does. */
  readonly metricsFetch: HttpApp['fetch'] | null;
  readonly inFlight: InFlight;
  /** `/ready` says no from now on. */
  beginStop(): void;
};

/** Everything that is served over HTTP; no socket yet. Throws if two actions claim one route, or one lacks its permissions. */
export const createHttpApp = (deps: HttpAppDeps): HttpApp => {
  checkHeads(deps.usecases, deps.permissionFree);
  const { config, metrics } = deps;
  const readiness = createReadiness(deps);
  const inFlight = createInFlight();
  const hono = new Hono<HttpBindings>({ router: createRouter() });
  mountProbes(hono, readiness);
  if (config.metricsPort === null) mountMetrics(hono, metrics);
  mountRoutes(hono, deps, inFlight);
  return {
    fetch: (request, env) =>
      hono.fetch(request, env?.incoming === undefined ? { incoming: createIncoming(request) } : env),
    metricsFetch: config.metricsPort === null ? null : createMetricsFetch(metrics, readiness),
    inFlight,
    beginStop: () => readiness.stop(),
  };
};

const mountRoutes = (hono: Hono<HttpBindings>, deps: HttpAppDeps, inFlight: InFlight): void => {
  const { config, usecases, log } = deps;
  const peers = createPeers(config.trustedProxies);
  const chain = fuse(createChain({ ...deps, inFlight, peers, hosts: servedHosts(config) }), {
    onLateFailure: (_exchange, thrown) =>
      log.warn({ err: toAppError(thrown) }, 'a request failed after it was answered'),
  });
  const handle = (route: Route, context: Context<HttpBindings>) =>
    chain.handle(openExchange(route, context, chain.conclude));
  const routes = [
    ...usecases.map((served) => createActionRoute(served, deps)),
    ...createDocsRoutes(() => createOpenApi(usecases, deps.openApi), config),
  ];
  for (const route of routes.toSorted(byPrecedence)) {
    hono.on(route.method, toPattern(route.template), (context) => handle(route, context));
  }
  const fallback = createFallbackRoute(hono, config);
  hono.notFound((context) => handle(fallback, context));
};

const createMetricsFetch = (metrics: Metrics, readiness: Readiness): HttpApp['fetch'] => {
  const hono = new Hono<HttpBindings>({ router: createRouter() });
  mountProbes(hono, readiness);
  mountMetrics(hono, metrics);
  return (request, env) => hono.fetch(request, env);
};

const toPattern = (template: string): string => template.replaceAll(/\{(\w+)\}/g, ':$1');

/** `/things/mine` before `/things/{id}`: the router takes the first that fits. */
const byPrecedence = (a: Route, b: Route): number => {
  const [left, right] = [a, b].map(({ name }) => name.replaceAll(/\{\w+\}/g, '\uffff'));
  return left === right ? 0 : (left ?? '') < (right ?? '') ? -1 : 1;
};

const checkHeads = (usecases: readonly ServedAction[], permissionFree: readonly string[]): void => {
  const claimed = new Map<string, string>();
  for (const served of usecases) {
    const { access, actors, permissions, output } = served.usecase;
    const operation = operationOf(served);
    const route = access.replaceAll(/\{\w+\}/g, '{}');
    const other = claimed.get(route);
    if (other !== undefined) throw new Error(`${operation} and ${other} both claim ${access}: change one of them`);
    claimed.set(route, operation);
    if (isStreamOutput(output) && !access.startsWith('GET ')) {
      throw new Error(`${operation} streams its output: that is for GET alone`);
    }
    if (actors !== 'anonymous' && permissions.length === 0 && !permissionFree.includes(operation)) {
      throw new Error(
        `${operation} needs a permission in its head, or a place on the list of permission-free operations`,
      );
    }
  }
};

/** Host names that are ours: the public one, the one we listen on, and the loopback's names when that is the loopback. */
const servedHosts = ({ publicUrl, host }: HttpConfig): ReadonlySet<string> => {
  const own = inUrl(host.toLowerCase());
  const isEverywhere = host === '0.0.0.0' || host === '::';
  return new Set([
    ...(publicUrl === null ? [] : [new URL(publicUrl).hostname]),
    own,
    ...(isEverywhere || loopback.includes(own) ? loopback : []),
    ...(isEverywhere ? [hostname().toLowerCase(), ...ownAddresses()] : []),
  ]);
};

const loopback = ['localhost', '127.0.0.1', '[::1]'];

const inUrl = (address: string): string => (address.includes(':') ? `[${address}]` : address);

const ownAddresses = (): readonly string[] =>
  Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => inUrl(address)));
