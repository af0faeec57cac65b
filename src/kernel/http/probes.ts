import type { Hono } from 'hono';

import type { Metrics } from '../observability/metrics.ts';
import type { HttpBindings } from './exchange.ts';
import type { Health, Readiness } from './readiness.ts';

const json = { 'content-type': 'application/json', 'cache-control': 'no-store' };
const alive = '{"status":"ok"}';

/** For orchestrators: outside of the chain, so that they cost and log nothing and answer under any Host. */
export const mountProbes = (hono: Hono<HttpBindings>, readiness: Readiness): void => {
  hono.get('/health', () => new Response(alive, { headers: json }));
  hono.get('/ready', async () => {
    const health = await readiness.check();
    return new Response(summarise(health), { status: health.status === 'failed' ? 503 : 200, headers: json });
  });
};

export const mountMetrics = (hono: Hono<HttpBindings>, metrics: Metrics): void => {
  const headers = { 'content-type': metrics.contentType, 'cache-control': 'no-store' };
  hono.get('/metrics', async () => new Response(await metrics.expose(), { headers }));
};

/** Without details, which are for operators: anybody may ask. */
const summarise = ({ status, checks }: Health): string =>
  JSON.stringify({
    status,
    checks: Object.fromEntries(Object.entries(checks).map(([name, check]) => [name, check.status])),
  });
