import type { Logger } from '../../observability/logger.ts';
import type { Metrics } from '../../observability/metrics.ts';
import type { Exchange } from '../exchange.ts';
import type { Layer } from '../layer.ts';

/** One line and one observation per request. The path stands as its template: query strings and ids may be secrets. */
export const logger = ({ log, metrics }: { readonly log: Logger; readonly metrics: Metrics }): Layer => ({
  name: 'logger',
  leave: ({ route, method, startedAt, answer, failure, origin, outgoing }) => {
    const ms = performance.now() - startedAt;
    const status = answer?.status ?? 500;
    metrics.httpDuration({ route: route.template, method: route.method === '*' ? 'other' : method, status }, ms / 1000);
    const line = {
      method,
      route: route.template,
      status,
      ms: Math.round(ms * 100) / 100,
      outcome: failure?.kind ?? 'ok',
      code: failure?.code,
      requestId: origin.requestId,
      address: origin.address,
      isGone: isGone(outgoing),
    };
    if (failure?.kind === 'internal') log.error(line, 'request');
    else log.info(line, 'request');
  },
});

/** Undefined, and so not in the line, unless nobody read the answer. */
const isGone = (outgoing: Exchange['outgoing']): true | undefined => (outgoing?.destroyed ? true : undefined);
