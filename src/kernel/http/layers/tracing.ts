import { describeRequest, traceResponse } from '../../observability/request-span.ts';
import type { Telemetry } from '../../observability/telemetry.ts';
import { setHeader } from '../exchange.ts';
import type { Layer } from '../layer.ts';

/** Continues the caller's trace (W3C `traceparent`) or begins one; answers `traceresponse` when it is recorded. */
export const tracing = ({ telemetry }: { readonly telemetry: Telemetry }): Layer => ({
  name: 'tracing',
  open: (exchange) => {
    const { traceparent } = exchange.incoming.headers;
    const parent = typeof traceparent === 'string' ? traceparent : undefined;
    exchange.scope = telemetry.openRequestScope(exchange.route.name, parent);
    exchange.scope.operation = exchange.route.operation;
    if (exchange.scope.span !== null) setHeader(exchange, 'traceresponse', traceResponse(exchange.scope));
  },
  leave: ({ scope, method, route, answer, failure }) => {
    const template = route.method === '*' ? null : route.template;
    describeRequest(scope, { method, route: template, status: answer?.status ?? 500 });
    telemetry.closeScope(scope, failure);
  },
});
