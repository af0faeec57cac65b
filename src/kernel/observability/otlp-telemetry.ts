import {
  type Context,
  diag,
  DiagLogLevel,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';

import type { AppError } from '../error.ts';
import type { Logger } from './logger.ts';
import { createScope, currentScope, type Scope } from './scope.ts';
import type { Telemetry, TelemetryOptions } from './telemetry.ts';
import { createIdSource, parseTraceparent } from './trace-context.ts';

type Options = TelemetryOptions & { readonly otlpEndpoint: string };
type Warn = (problem: unknown, message: string) => void;

/** One export with its retries; shorter than the SDK's ten seconds, so that a stop can wait for it. */
const exportMs = 2_500;
const closeMs = 3_000;
const warnEveryMs = 60_000;

/**
 * Records spans and sends them in batches. The parent of a span is our own scope, passed on by hand: no context manager,
 * no instrumentation, nothing patched.
 */
export const openOtlpTelemetry = (options: Options): Telemetry => {
  const warn = createRareWarning(options.log, options.otlpEndpoint);
  const provider = createProvider(options, warn);
  const tracer = provider.getTracer(options.serviceName, options.release);
  diag.setLogger(createDiagLogger(warn), { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const start = (name: string, kind: SpanKind, context: Context): Scope => {
    const span = tracer.startSpan(name, { kind }, context);
    return createScope(span.spanContext().traceId, span.isRecording() ? span : null);
  };
  return {
    openScope: (name, parent) => {
      if (parent === undefined) return start(name, SpanKind.INTERNAL, ROOT_CONTEXT);
      if (parent.span === null) return createScope(parent.traceId, null);
      return start(name, SpanKind.INTERNAL, contextOf(parent.span));
    },
    openRequestScope: (name, traceparent) => {
      const remote = parseTraceparent(traceparent);
      if (remote === null) return start(name, SpanKind.SERVER, ROOT_CONTEXT);
      if (!remote.isSampled) return createScope(remote.traceId, null);
      const { traceId, spanId } = remote;
      const caller = { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true };
      return start(name, SpanKind.SERVER, trace.setSpanContext(ROOT_CONTEXT, caller));
    },
    closeScope: ({ span }, failure) => {
      if (span === null) return;
      if (failure !== null) markFailed(span, failure);
      span.end();
    },
    startSpan: (name, kind = 'internal') => {
      const parent = currentScope()?.span ?? null;
      if (parent === null) return null;
      return tracer.startSpan(name, { kind: spanKinds[kind] }, contextOf(parent));
    },
    close: () => close(provider, warn),
  };
};

const spanKinds = { internal: SpanKind.INTERNAL, client: SpanKind.CLIENT };

const contextOf = (span: Span): Context => trace.setSpan(ROOT_CONTEXT, span);

/** Code alone: messages and causes may hold what a caller sent. A refusal (4xx) is no failure of the server. */
const markFailed = (span: Span, { code, kind }: AppError): void => {
  span.setAttribute('error.type', code);
  if (kind === 'internal' || kind === 'unavailable') span.setStatus({ code: SpanStatusCode.ERROR, message: code });
};

const createProvider = (options: Options, warn: Warn): TracerProvider => {
  const exporter = new OTLPTraceExporter({
    url: tracesUrl(options.otlpEndpoint),
    headers: { ...options.headers },
    timeoutMillis: exportMs,
  });
  const ids = createIdSource();
  return new TracerProvider({
    resource: defaultResource().merge(
      resourceFromAttributes({
        'service.name': options.serviceName,
        'service.version': options.release,
        'ashlar.role': options.role,
      }),
    ),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(options.sampleRatio) }),
    idGenerator: { generateTraceId: ids.traceId, generateSpanId: ids.spanId },
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: reportingFailures(exporter, warn),
        maxQueueSize: 8192,
        maxExportBatchSize: 512,
        scheduledDelayMillis: 1000,
        exportTimeoutMillis: exportMs,
      }),
    ],
  });
};

/** A base address gets the path of OTLP/HTTP; a full one stays. */
const tracesUrl = (endpoint: string): string =>
  endpoint.endsWith('/v1/traces') ? endpoint : `${endpoint.replace(/\/+$/, '')}/v1/traces`;

/** Tells of a failed export and calls it done: the SDK would only throw it into its global error handler. */
const reportingFailures = (exporter: SpanExporter, warn: Warn): SpanExporter => ({
  export: (spans, done) => {
    exporter.export(spans, ({ error }) => {
      if (error !== undefined)
        warn(error, 'could not send spans to the collector: is it running, and is telemetry.otlpEndpoint right?');
      done({ code: 0 });
    });
  },
  shutdown: () => exporter.shutdown(),
});

/** At most one line a minute, whatever the collector does. */
const createRareWarning = (log: Logger, otlpEndpoint: string): Warn => {
  let quietUntil = 0;
  let suppressed = 0;
  return (problem, message) => {
    suppressed += 1;
    if (Date.now() < quietUntil) return;
    quietUntil = Date.now() + warnEveryMs;
    log.warn({ err: problem, otlpEndpoint, times: suppressed }, message);
    suppressed = 0;
  };
};

const createDiagLogger = (warn: Warn) => {
  const tell = (message: string) => warn(undefined, `OpenTelemetry: ${message}`);
  const ignore = () => undefined;
  return { error: tell, warn: tell, info: ignore, debug: ignore, verbose: ignore };
};

const close = async (provider: TracerProvider, warn: Warn): Promise<void> => {
  const { promise: isLate, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, closeMs);
  try {
    await Promise.race([provider.shutdown(), isLate]);
  } catch (error) {
    warn(error, 'could not send the last spans to the collector');
  } finally {
    clearTimeout(timer);
    diag.disable();
  }
};
