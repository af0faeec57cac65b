import { addVary, type Answer, setHeader } from '../exchange.ts';
import type { Layer } from '../layer.ts';

const preflight: Answer = {
  status: 204,
  headers: {
    'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
    'access-control-allow-headers': 'authorization, content-type, idempotency-key, traceparent, x-request-id',
    'access-control-max-age': '600',
  },
  body: null,
};

/** Off unless origins are listed; the list is exact. No credentials: a browser elsewhere comes with a bearer token. */
export const cors = ({ allowedOrigins }: { readonly allowedOrigins: readonly string[] }): Layer => {
  if (allowedOrigins.length === 0) return { name: 'CORS' };
  const allowed = new Set(allowedOrigins);
  return {
    name: 'CORS',
    enter: (exchange) => {
      const { origin, 'access-control-request-method': asked } = exchange.incoming.headers;
      addVary(exchange, 'Origin');
      if (origin === undefined || !allowed.has(origin)) return;
      setHeader(exchange, 'access-control-allow-origin', origin);
      setHeader(
        exchange,
        'access-control-expose-headers',
        'idempotency-replayed, ratelimit, ratelimit-policy, retry-after, x-request-id',
      );
      if (exchange.method === 'OPTIONS' && asked !== undefined) exchange.answer = preflight;
    },
  };
};
