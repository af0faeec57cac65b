import { createEventRetention } from '#kernel/events/event-retention.ts';
import { createEvents } from '#kernel/events/events.ts';
import { createIdempotency } from '#kernel/idempotency/idempotency.ts';
import { keyRetention } from '#kernel/idempotency/key-retention.ts';
import { createAudit } from '#kernel/audit/audit.ts';
import type { Kernel } from '#kernel/kernel.ts';
import type { Lifecycle } from '#kernel/lifecycle.ts';
import { cacheRetention } from '#kernel/cache/cache-retention.ts';
import { feedRetention } from '#kernel/feed/feed-retention.ts';
import { createLimits } from '#kernel/limits/limits.ts';
import { createOutbound } from '#kernel/outbound/outbound.ts';
import { createActivity } from '#kernel/observability/activity.ts';
import type { RecentLines } from '#kernel/observability/log-ring.ts';
import { createRetentions } from '#kernel/retention.ts';
import { createRunner } from '#kernel/run.ts';
import { scheduleRetention } from '#kernel/schedules/schedule-retention.ts';
import { createSentinel } from '#kernel/sentinel/sentinel.ts';
import { openMasterKeyNotices } from '#kernel/secrets/master-key-notices.ts';
import { createRotation } from '#kernel/secrets/rotation.ts';
import type { OpenedSecrets } from '#kernel/secrets/secrets.ts';
import { createTasks } from '#kernel/tasks/tasks.ts';
import { announceFreed } from '#kernel/tasks/wakes.ts';
import type { AppConfig } from './config.ts';
import { connectProcesses } from './connect-processes.ts';
import { openCache } from './open-cache.ts';
import { release } from './release.ts';
import { createRunHooks } from './run-hooks.ts';

type Ground = Pick<Kernel, 'now' | 'log' | 'metrics' | 'telemetry' | 'database' | 'connection'> & {
  readonly opened: OpenedSecrets;
  readonly config: AppConfig;
  readonly recent: RecentLines;
  /** Of a running process; null: a one-off command, which no other process knows of. */
  readonly role: string | null;
  readonly ownEndpoints: Parameters<typeof createOutbound>[0]['ownEndpoints'];
};

/** The mechanisms, on the ground that is open already: the same for the program, its commands and its tests. */
export const createKernel = async (
  lifecycle: Lifecycle,
  { config, role, recent, ownEndpoints, opened, ...ground }: Ground,
): Promise<Kernel> => {
  const { database, log, metrics, now } = ground;
  const { secrets } = opened;
  const sentinel = createSentinel({ release, recent, log, now });
  const activity = createActivity();
  const outbound = createOutbound({ ownEndpoints });
  const audit = await lifecycle.open(
    'audit trail',
    () => createAudit({ config: config.audit, database, secrets, outbound, metrics, log, now }),
    (trail) => trail.close(),
  );
  const hooks = createRunHooks({ log, metrics, sentinel, audit, activity });
  const connected = await connectProcesses(lifecycle, { ...ground, secrets, config, role });
  const { presence, feed } = connected;
  const notices = openMasterKeyNotices({ ...opened, processId: presence.processId, feed, database, log });
  const written = await openWritten(lifecycle, { database, secrets, presence, log });
  announceFreed(presence, written.tasks.wakes, log);
  const retention = createRetentions(database);
  const eventRetention = createEventRetention(config.events.retentionDays, log);
  for (const one of [scheduleRetention, feedRetention, eventRetention, keyRetention, audit.retention, cacheRetention])
    retention.add(one);
  const cache = await openCache(lifecycle, { ...ground, ...connected, config });
  return {
    ...ground,
    ...connected,
    release,
    role,
    retention,
    secrets,
    rotation: createRotation({ database, ...opened, notices }),
    limits: createLimits({ ...connected, config: config.rateLimit, database, secrets, metrics, log }),
    outbound,
    audit,
    activity,
    cache,
    hooks,
    sentinel,
    runner: createRunner({ ...ground, hooks }),
    ...written,
  };
};

type WrittenDeps = Parameters<typeof createIdempotency>[0];

/** What a use case writes beside its own rows: each has something to finish when the process stops. */
const openWritten = async (
  lifecycle: Lifecycle,
  deps: WrittenDeps,
): Promise<Pick<Kernel, 'tasks' | 'events' | 'idempotency'>> => ({
  tasks: await lifecycle.open(
    'task wake-ups',
    () => createTasks(deps.database, deps.log),
    (tasks) => tasks.close(),
  ),
  events: await lifecycle.open(
    'event wake-ups',
    () => createEvents(deps.database, deps.log),
    (events) => events.close(),
  ),
  idempotency: await lifecycle.open(
    'idempotency keys',
    () => createIdempotency(deps),
    (keys) => keys.close(),
  ),
});
