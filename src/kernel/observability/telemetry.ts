import type { Span } from '@opentelemetry/api';

import type { AppError } from '../error.ts';
import type { Logger } from './logger.ts';
import { createScope, type Scope } from './scope.ts';
import { createIdSource, formatTraceparent, type IdSource, parseTraceparent, spanIdOf } from './trace-context.ts';

/** Spans, or nearly nothing when no exporter is configured. */
export type Telemetry = {
  /** A scope for a run that no request began; a child of `parent` if there is one. */
  openScope(name: string, parent: Scope | undefined): Scope;
  /** The scope of an HTTP request, continuing `traceparent` (W3C) if the header is valid. */
  openRequestScope(name: string, traceparent: string | undefined): Scope;
  /** Ends the scope's span; a failure marks it with its code, and as failed if the fault is ours. */
  closeScope(scope: Scope, failure: AppError | null): void;
  /** A child span of whatever runs now, or null when nothing is recorded. `client` for calls to another system. */
  startSpan(name: string, kind?: 'internal' | 'client'): Span | null;
  /** Sends what is buffered; three seconds at most, and never throws. */
  close(): Promise<void>;
};

export type TelemetryOptions = {
  /** Base address of an OTLP/HTTP collector (`http://127.0.0.1:4318`). Null: no tracing, and no socket. */
  readonly otlpEndpoint: string | null;
  /** Sent with every export, for a collector that wants a key. */
  readonly headers: Readonly<Record<string, string>>;
  /** 0 to 1: the part of traces recorded; a caller's own decision (the sampled flag) goes first. */
  readonly sampleRatio: number;
  readonly serviceName: string;
  readonly release: string;
  readonly role: string;
  readonly log: Logger;
};

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
