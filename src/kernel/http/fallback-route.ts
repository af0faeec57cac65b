import type { Hono } from 'hono';

import { kernelError } from '../error.ts';
import { type Exchange, type HttpBindings, type Route, setHeader } from './exchange.ts';
import type { HttpConfig } from './http-config.ts';

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** What no route took: OPTIONS of a known path, a known path by another method (405), or nothing of ours (404). */
export const createFallbackRoute = (hono: Hono<HttpBindings>, config: HttpConfig): Route => ({
  method: '*',
  template: 'unmatched',
  name: 'unmatched',
  operation: null,
  isAnonymous: true,
  // The body of what is refused is not read.
  bodyLimitBytes: Infinity,
  timeoutSeconds: config.timeoutSeconds,
  run: (exchange) => {
    const path = pathOf(exchange);
    const known = methods.filter((method) => hono.router.match(method, path)[0].length > 0);
    if (known.length === 0) throw kernelError('ROUTE_NOT_FOUND');
    setHeader(exchange, 'allow', [...known, ...(known.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', '));
    if (exchange.method !== 'OPTIONS') throw kernelError('METHOD_NOT_ALLOWED');
    exchange.answer = { status: 204, headers: {}, body: null };
  },
});

const pathOf = ({ incoming: { url = '/' } }: Exchange): string => url.split('?', 1)[0] ?? '/';
