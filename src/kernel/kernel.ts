import type { Bus } from './bus/bus.ts';
import type { Audit } from './audit/audit.ts';
import type { Database } from './database/database.ts';
import type { Feed } from './feed/feed.ts';
import type { Events } from './events/events.ts';
import type { Idempotency } from './idempotency/idempotency.ts';
import type { Limits } from './limits/limits.ts';
import type { Activity } from './observability/activity.ts';
import type { Logger } from './observability/logger.ts';
import type { Metrics } from './observability/metrics.ts';
import type { Telemetry } from './observability/telemetry.ts';
import type { Outbound } from './outbound/outbound.ts';
import type { Presence } from './presence/presence.ts';
import type { Redis } from './redis/redis.ts';
import type { Retentions } from './retention.ts';
import type { RunHooks, Runner } from './run.ts';
import type { Rotation } from './secrets/rotation.ts';
import type { Secrets } from './secrets/secrets.ts';
import type { Sentinel } from './sentinel/sentinel.ts';
import type { Tasks } from './tasks/tasks.ts';

/** The mechanisms that every module is built from. */
export type Kernel = {
  readonly release: string;
  /** What this process runs as; null: a one-off command. */
  readonly role: string | null;
  readonly now: () => Date;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly telemetry: Telemetry;
  readonly database: Database;
  readonly secrets: Secrets;
  /** This process among the others. */
  readonly presence: Presence;
  /** Null where none is configured, and in a one-off command. */
  readonly redis: Redis | null;
  readonly bus: Bus;
  readonly feed: Feed;
  /** Of the master key. */
  readonly rotation: Rotation;
  readonly limits: Limits;
  readonly idempotency: Idempotency;
  readonly outbound: Outbound;
  readonly activity: Activity;
  readonly audit: Audit;
  readonly hooks: RunHooks;
  readonly sentinel: Sentinel;
  readonly runner: Runner;
  readonly tasks: Tasks;
  readonly events: Events;
  readonly retention: Retentions;
  /** For what needs a connection of its own. */
  readonly connection: {
    /** Past a transaction pooler, if there is a way past it. */
    readonly url: string;
    /** True if there is not: then neither session locks nor LISTEN work. */
    readonly isPooled: boolean;
  };
};
