import {
  type Attributes,
  type HrTime,
  type SpanContext,
  type SpanKind,
  type SpanStatus,
  SpanStatusCode,
  TraceFlags,
} from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

import type { Span } from './scope.ts';

/** What all spans of a process share. */
export type SpanSource = {
  readonly resource: Resource;
  readonly instrumentationScope: ReadableSpan['instrumentationScope'];
  /** Takes a span that is over; it changes no more. */
  readonly onEnd: (span: ReadableSpan) => void;
};

type SpanStart = {
  readonly name: string;
  readonly kind: SpanKind;
  readonly traceId: string;
  readonly spanId: string;
  readonly parent: SpanContext | null;
};

const unset: SpanStatus = { code: SpanStatusCode.UNSET };

/**
 * A span that is recorded, as exporters read it. The SDK's own also counts limits, validates every attribute and looks
 * its parent up in a context; what we write needs none of that, and a request pays 2 µs less (measured).
 */
export class RecordedSpan implements Span, ReadableSpan {
  readonly kind: SpanKind;
  readonly parentSpanContext?: SpanContext;
  readonly attributes: Attributes = {};
  readonly droppedAttributesCount = 0;
  readonly droppedEventsCount = 0;
  readonly droppedLinksCount = 0;
  name: string;
  status = unset;
  ended = false;
  readonly #source: SpanSource;
  readonly #context: SpanContext;
  readonly #startedAtMs = Date.now();
  readonly #startedAt = performance.now();
  #durationMs = 0;

  get links(): never[] {
    return [];
  }

  get events(): never[] {
    return [];
  }

  constructor(source: SpanSource, { name, kind, traceId, spanId, parent }: SpanStart) {
    this.#source = source;
    this.#context = { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
    this.name = name;
    this.kind = kind;
    if (parent !== null) this.parentSpanContext = parent;
  }

  spanContext(): SpanContext {
    return this.#context;
  }

  setAttribute(key: string, value: string | number): this {
    this.attributes[key] = value;
    return this;
  }

  setStatus(status: SpanStatus): this {
    this.status = status;
    return this;
  }

  updateName(name: string): this {
    this.name = name;
    return this;
  }

  /** Only the first call counts. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.#durationMs = performance.now() - this.#startedAt;
    this.#source.onEnd(this);
  }

  get resource(): Resource {
    return this.#source.resource;
  }

  get instrumentationScope(): ReadableSpan['instrumentationScope'] {
    return this.#source.instrumentationScope;
  }

  get startTime(): HrTime {
    return toHrTime(this.#startedAtMs);
  }

  get endTime(): HrTime {
    return toHrTime(this.#startedAtMs + this.#durationMs);
  }

  get duration(): HrTime {
    return toHrTime(this.#durationMs);
  }
}

/** Whole seconds and the nanoseconds beyond them; a double of milliseconds since 1970 holds a quarter of a microsecond. */
const toHrTime = (ms: number): HrTime => {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.floor((ms - seconds * 1000) * 1e6)];
};
