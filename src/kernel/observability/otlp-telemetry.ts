import {
  diag,
  DiagLogLevel,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  SamplingDecision,
  type SpanExporter,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';

import type { AppError } from '../error.ts';
import type { Logger } from './logger.ts';
import { RecordedSpan, type SpanSource } from './recorded-span.ts';
import { createScope, currentScope, type Scope, type Span } from './scope.ts';
import type { Telemetry, TelemetryOptions } from './telemetry.ts';
import { createIdSource, parseTraceparent } from './trace-context.ts';

type Options = TelemetryOptions & { readonly otlpEndpoint: string };
type Warn = (problem: unknown, message: string) => void;

/** One export with its retries; shorter than the SDK's ten seconds, so that a stop can wait for it. */
const exportMs = 2_500;
const closeMs = 3_000;
const warnEveryMs = 60_000;

/**
 * Records spans and sends them in batches. Spans are ours, and so is their parent, the scope, passed on by hand: no
 * context manager, no instrumentation, nothing patched. The SDK samples, gathers, retries and writes OTLP.
 */
export const openOtlpTelemetry = (options: Options): Telemetry => {
  const warn = createRareWarning(options.log, options.otlpEndpoint);
  const processor = createProcessor(options, warn);
  const source = createSource(options, (span) => processor.onEnd(span));
  const ids = createIdSource();
  const sampler = new TraceIdRatioBasedSampler(options.sampleRatio);
  diag.setLogger(createDiagLogger(warn), { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const begin = (name: string, kind: SpanKind, parent: SpanContext): Span =>
    new RecordedSpan(source, { name, kind, traceId: parent.traceId, spanId: ids.spanId(), parent });
  /** A trace of its own, if the ratio takes it. */
  const startTrace = (name: string, kind: SpanKind): Scope => {
    const traceId = ids.traceId();
    if (sampler.shouldSample(ROOT_CONTEXT, traceId).decision !== SamplingDecision.RECORD_AND_SAMPLED)
      return createScope(traceId, null);
    return createScope(traceId, new RecordedSpan(source, { name, kind, traceId, spanId: ids.spanId(), parent: null }));
  };
  return {
    openScope: (name, parent) => {
      if (parent === undefined) return startTrace(name, SpanKind.INTERNAL);
      const { traceId, span } = parent;
      return createScope(traceId, span === null ? null : begin(name, SpanKind.INTERNAL, span.spanContext()));
    },
    openRequestScope: (name, traceparent) => {
      const remote = parseTraceparent(traceparent);
      if (remote === null) return startTrace(name, SpanKind.SERVER);
      const { traceId, spanId, isSampled } = remote;
      const caller = { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true };
      return createScope(traceId, isSampled ? begin(name, SpanKind.SERVER, caller) : null);
    },
    closeScope: ({ span }, failure) => {
      if (span === null) return;
      if (failure !== null) markFailed(span, failure);
      span.end();
    },
    startSpan: (name, kind = 'internal') => {
      const parent = currentScope()?.span ?? null;
      return parent === null ? null : begin(name, spanKinds[kind], parent.spanContext());
    },
    close: () => close(processor, warn),
  };
};

const spanKinds = { internal: SpanKind.INTERNAL, client: SpanKind.CLIENT };

/** Code alone: messages and causes may hold what a caller sent. A refusal (4xx) is no failure of the server. */
const markFailed = (span: Span, { code, kind }: AppError): void => {
  span.setAttribute('error.type', code);
  if (kind === 'internal' || kind === 'unavailable') span.setStatus({ code: SpanStatusCode.ERROR, message: code });
};

const createSource = ({ serviceName, release, role }: Options, onEnd: SpanSource['onEnd']): SpanSource => ({
  resource: defaultResource().merge(
    resourceFromAttributes({ 'service.name': serviceName, 'service.version': release, 'ashlar.role': role }),
  ),
  instrumentationScope: { name: serviceName, version: release },
  onEnd,
});

const createProcessor = ({ otlpEndpoint, headers }: Options, warn: Warn): BatchSpanProcessor => {
  const exporter = new OTLPTraceExporter({
    url: tracesUrl(otlpEndpoint),
    headers: { ...headers },
    timeoutMillis: exportMs,
  });
  return new BatchSpanProcessor({
    exporter: reportingFailures(exporter, warn),
    maxQueueSize: 8192,
    maxExportBatchSize: 512,
    scheduledDelayMillis: 1000,
    exportTimeoutMillis: exportMs,
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

const close = async (processor: BatchSpanProcessor, warn: Warn): Promise<void> => {
  const { promise: isLate, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, closeMs);
  try {
    await Promise.race([processor.shutdown(), isLate]);
  } catch (error) {
    warn(error, 'could not send the last spans to the collector');
  } finally {
    clearTimeout(timer);
    diag.disable();
  }
};
