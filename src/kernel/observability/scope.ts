import { AsyncLocalStorage } from 'node:async_hooks';

import type { SpanContext, SpanStatus } from '@opentelemetry/api';

/** OpenTelemetry's span, as far as we write to one. */
export type Span = {
  spanContext(): SpanContext;
  setAttribute(key: string, value: string | number): Span;
  setStatus(status: SpanStatus): Span;
  updateName(name: string): Span;
  end(): void;
};

/** What is running now: gives every log line its trace id and every query span its parent. */
export type Scope = {
  /** 32 lower-case hex digits (W3C Trace Context), also when no tracing is configured. */
  readonly traceId: string;
  /** Null while tracing is off or the trace is not sampled. */
  readonly span: Span | null;
  /** `module.operation-id`; null until the use case is known. */
  operation: string | null;
};

export const createScope = (traceId: string, span: Span | null): Scope => ({ traceId, span, operation: null });

const storage = new AsyncLocalStorage<Scope>();

export const currentScope = (): Scope | undefined => storage.getStore();
export const runInScope = <T>(scope: Scope, fn: () => T): T => storage.run(scope, fn);
