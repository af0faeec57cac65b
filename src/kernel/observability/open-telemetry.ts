import { createScope } from './scope.ts';
import type { Telemetry, TelemetryOptions } from './telemetry.ts';
import { createIdSource, type IdSource, parseTraceparent } from './trace-context.ts';

/** Without an endpoint no code of the SDK is loaded: scopes then carry a trace id and nothing else. */
export const openTelemetry = async (options: TelemetryOptions): Promise<Telemetry> => {
  const { otlpEndpoint } = options;
  if (otlpEndpoint === null) return createIdTelemetry(createIdSource());
  const { openOtlpTelemetry } = await import('./otlp-telemetry.ts');
  return openOtlpTelemetry({ ...options, otlpEndpoint });
};

const createIdTelemetry = (ids: IdSource): Telemetry => ({
  openScope: (_name, parent) => createScope(parent?.traceId ?? ids.traceId(), null),
  openRequestScope: (_name, traceparent) => createScope(parseTraceparent(traceparent)?.traceId ?? ids.traceId(), null),
  closeScope: () => undefined,
  startSpan: () => null,
  close: () => Promise.resolve(),
});
