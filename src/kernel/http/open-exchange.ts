import type { Context } from 'hono';

import { createScope } from '../observability/scope.ts';
import type { Origin } from '../usecase.ts';
import type { Exchange, HttpBindings, Route } from './exchange.ts';
import { createIncoming } from './incoming.ts';

/** Stand in until the layers that know better have opened the exchange. */
const noScope = createScope('0'.repeat(32), null);
const noOrigin: Origin = { requestId: noScope.traceId, address: null, userAgent: null };
const noParams: Readonly<Record<string, string>> = {};

export const openExchange = (
  route: Route,
  context: Context<HttpBindings>,
  conclude: (exchange: Exchange, thrown: unknown) => void,
): Exchange => {
  const { incoming, outgoing } = context.env;
  return {
    route,
    method: context.req.method,
    incoming: incoming ?? createIncoming(context.req.raw),
    outgoing: outgoing ?? null,
    params: route.template.includes('{') ? context.req.param() : noParams,
    startedAt: performance.now(),
    deadlineAt: Infinity,
    place: -1,
    isReadingBody: false,
    body: null,
    scope: noScope,
    origin: noOrigin,
    actor: null,
    input: undefined,
    claim: null,
    answer: null,
    failure: null,
    headers: null,
    abort: new AbortController(),
    isConcluded: false,
    conclude(failure) {
      conclude(this, failure);
    },
    resolve: () => undefined,
  };
};
