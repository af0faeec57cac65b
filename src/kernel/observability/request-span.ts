import type { Scope } from './scope.ts';
import { formatTraceparent, spanIdOf } from './trace-context.ts';

/** The `traceparent` (or `traceresponse`) value that names this scope's span to somebody else. */
export const traceResponse = ({ traceId, span }: Scope): string =>
  formatTraceparent({
    traceId,
    spanId: span?.spanContext().spanId ?? spanIdOf(traceId),
    isSampled: span !== null,
  });

/** What the span of a request says once it is answered; `route` is null if no route took it. */
export const describeRequest = (
  { span }: Scope,
  { method, route, status }: { readonly method: string; readonly route: string | null; readonly status: number },
): void => {
  if (span === null) return;
  span.updateName(route === null ? method : `${method} ${route}`);
  span.setAttribute('http.request.method', method);
  span.setAttribute('http.response.status_code', status);
  if (route !== null) span.setAttribute('http.route', route);
};
