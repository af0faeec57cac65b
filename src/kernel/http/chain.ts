import type { Idempotency } from '../idempotency/idempotency.ts';
import type { Limits } from '../limits/limits.ts';
import type { Logger } from '../observability/logger.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { Telemetry } from '../observability/telemetry.ts';
import type { RunHooks } from '../run.ts';
import type { Peers } from './client-address.ts';
import type { HttpConfig } from './http-config.ts';
import type { InFlight } from './in-flight.ts';
import type { Layer } from './layer.ts';
import { alerting } from './layers/alerting.ts';
import { bodyLimit } from './layers/body-limit.ts';
import { compression } from './layers/compression.ts';
import { cors } from './layers/cors.ts';
import { errorHandler } from './layers/error-handler.ts';
import { idempotency } from './layers/idempotency.ts';
import { logger } from './layers/logger.ts';
import { rateLimit } from './layers/rate-limit.ts';
import { recovery } from './layers/recovery.ts';
import { requestMetadata } from './layers/request-metadata.ts';
import { securityHeaders } from './layers/security-headers.ts';
import { session, type SessionResolver } from './layers/session.ts';
import { target } from './layers/target.ts';
import { timeout } from './layers/timeout.ts';
import { tracing } from './layers/tracing.ts';
import { useCase } from './layers/use-case.ts';

export type ChainDeps = {
  readonly config: HttpConfig;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly telemetry: Telemetry;
  readonly limits: Limits;
  readonly idempotency: Idempotency;
  readonly hooks: RunHooks;
  readonly resolver: SessionResolver;
  readonly inFlight: InFlight;
  readonly peers: Peers;
  readonly hosts: ReadonlySet<string>;
};

/** What every request goes through, from top to bottom; its answer goes from bottom to top. */
export const createChain = (deps: ChainDeps): readonly Layer[] => [
  recovery(deps),
  tracing(deps),
  timeout(deps),
  requestMetadata(deps.peers),
  alerting(deps),
  logger(deps),
  errorHandler(),

  target(deps),
  cors({ allowedOrigins: deps.config.corsAllowedOrigins }),
  securityHeaders(deps.config),
  bodyLimit(),
  compression(),
  session(deps),
  rateLimit(deps),
  idempotency(deps),

  useCase(),
];
