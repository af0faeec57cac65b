import type { Exchange } from './exchange.ts';

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
  readonly bodyLimitBytes: number;
  readonly timeoutSeconds: number;
  /** Sets `exchange.answer`, or throws. */
  run(exchange: Exchange): Promise<void> | void;
};
