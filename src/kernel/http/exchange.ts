import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';

import type { Actor } from '../actor.ts';
import type { AppError } from '../error.ts';
import type { Claim } from '../idempotency/idempotency.ts';
import type { KeyedPolicy } from '../limits/rate.ts';
import type { Scope } from '../observability/scope.ts';
import type { Origin } from '../usecase.ts';

/** The parts of a request that the chain reads: from a socket, or made from a `Request` when there is none. */
export type Incoming = Readable & Pick<IncomingMessage, 'headers' | 'method' | 'url' | 'socket'>;

export type Answer = {
  readonly status: number;
  /** Share one object between answers where possible: it is merged with the chain's own headers once. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>> | null;
};

/** One request on its way through the chain, and what the layers learn about it. */
export type Exchange = {
  readonly route: Route;
  readonly method: string;
  readonly incoming: Incoming;
  /** Null when no socket waits for the answer. */
  readonly outgoing: ServerResponse | null;
  /** Decoded path parameters. */
  readonly params: Readonly<Record<string, string>>;
  /** `performance.now()` */
  readonly startedAt: number;
  /** `performance.now()`; after it the request is answered REQUEST_TIMEOUT. */
  deadlineAt: number;
  /** Where it stands among those in flight. */
  place: number;
  isReadingBody: boolean;
  /** Null until it has been read whole. */
  body: Buffer | null;
  scope: Scope;
  origin: Origin;
  actor: Actor | null;
  /** Of the use case, once it is read. */
  input: unknown;
  /** Of a request that came with an Idempotency-Key: the route settles it. */
  claim: Claim | null;
  answer: Answer | null;
  failure: AppError | null;
  /** Headers of this one answer; null while there are none. */
  headers: Record<string, string> | null;
  /** Its signal is the use case's: aborted by the deadline, or when the client is gone. */
  readonly abort: AbortController;
  isConcluded: boolean;
  /** Ends the exchange with a failure from outside of the chain: the deadline, or the process that stops. */
  conclude(failure: AppError): void;
  resolve(response: Response): void;
};

export const setHeader = (exchange: Exchange, name: string, value: string): void => {
  exchange.headers ??= {};
  exchange.headers[name] = value;
};

export const addVary = (exchange: Exchange, name: string): void => {
  const present = exchange.headers?.['vary'];
  setHeader(exchange, 'vary', present === undefined ? name : `${present}, ${name}`);
};

/** How a route deals with requests that come again with the same Idempotency-Key. */
export type Repetition = {
  /** The use case would refuse the actor: then there is nothing to repeat. */
  refuses(actor: Actor): boolean;
  /** Whether this failure is an answer to keep; after any other the request may be tried again. */
  keeps(error: AppError): boolean;
  /** What it answers holds a secret. */
  readonly isSecret: boolean;
};

/** One thing that the chain ends in. */
export type Route = {
  /** `*` for what no other route took. */
  readonly method: string;
  /** `/api/v1/things/{id}`; `unmatched` for what no route took. Names the route in logs, metrics and spans. */
  readonly template: string;
  /** `GET /api/v1/things/{id}` */
  readonly name: string;
  /** `module.operation-id`; null for what is not a use case. */
  readonly operation: string | null;
  readonly isAnonymous: boolean;
  readonly acceptsEndedSession?: boolean;
  /** Of the head; null or absent: only the limits of every actor and address hold. */
  readonly rate?: KeyedPolicy | null;
  /** Null or absent: an Idempotency-Key means nothing here. */
  readonly repetition?: Repetition | null;
  readonly bodyLimitBytes: number;
  readonly timeoutSeconds: number;
  /** Sets `exchange.answer`, or throws. */
  run(exchange: Exchange): Promise<unknown> | void;
};

/** What the adapter hands to Hono for each request; absent in process. */
export type HttpBindings = { Bindings: { incoming?: Incoming; outgoing?: ServerResponse } };
