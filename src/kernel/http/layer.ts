import type { Answer, Exchange } from './exchange.ts';

/**
 * One concern of the chain. A layer has phases instead of a `next()`: the kernel fuses the phases of all layers into
 * one handler, so that a layer costs a function call, and every header is known before the answer is made (setting one
 * on a finished `Response` makes the adapter copy all of them: 16 µs measured).
 */
export type Layer = {
  readonly name: string;
  /** On every answer; known before any request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** First, for all layers from top to bottom. Cannot refuse and must not throw. */
  readonly open?: (exchange: Exchange) => void;
  /** Then from top to bottom until one sets `exchange.answer`. Throws an AppError to refuse. */
  readonly enter?: (exchange: Exchange) => Promise<unknown> | void;
  /** From bottom to top: makes the answer of what was thrown by a layer below, or in an `enter` of any layer. */
  readonly fail?: (exchange: Exchange, thrown: unknown) => Answer;
  /** From bottom to top, once for every exchange, whether or not the layer was entered. `exchange.answer` is set above the error handler. */
  readonly leave?: (exchange: Exchange) => Promise<void> | void;
};
