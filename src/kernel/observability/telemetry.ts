import type { AppError } from '../error.ts';
import type { Logger } from './logger.ts';
import type { Scope, Span } from './scope.ts';

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
