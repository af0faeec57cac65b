import { createEventRetention } from '#kernel/events/event-retention.ts';
import { createEvents } from '#kernel/events/events.ts';
import { createIdempotency } from '#kernel/idempotency/idempotency.ts';
import { keyRetention } from '#kernel/idempotency/key-retention.ts';
import type { Kernel } from '#kernel/kernel.ts';
import type { Lifecycle } from '#kernel/lifecycle.ts';
import { feedRetention } from '#kernel/feed/feed-retention.ts';
import { createLimits } from '#kernel/limits/limits.ts';
import { createOutbound } from '#kernel/outbound/outbound.ts';
import { createActivity } from '#kernel/observability/activity.ts';
import type { RecentLines } from '#kernel/observability/log-ring.ts';
import { createRetentions } from '#kernel/retention.ts';
import { createRunner } from '#kernel/run.ts';
import { scheduleRetention } from '#kernel/schedules/schedule-retention.ts';
import { createSentinel } from '#kernel/sentinel/sentinel.ts';
import { createRotation } from '#kernel/secrets/rotation.ts';
import type { OpenedSecrets } from '#kernel/secrets/secrets.ts';
import { createTasks } from '#kernel/tasks/tasks.ts';
import { announceFreed } from '#kernel/tasks/wakes.ts';
import type { AppConfig } from './config.ts';
import { connectProcesses } from './connect-processes.ts';
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
  const hooks = createRunHooks({ log, metrics, sentinel, activity });
  const connected = await connectProcesses(lifecycle, { ...ground, secrets, config, role });
  const tasks = await lifecycle.open(
    'task wake-ups',
    () => createTasks(database, log),
    (opened) => opened.close(),
  );
  const events = await lifecycle.open(
    'event wake-ups',
    () => createEvents(database, log),
    (opened) => opened.close(),
  );
  announceFreed(connected.presence, tasks.wakes, log);
  const retention = createRetentions(database);
  retention.add(scheduleRetention);
  retention.add(feedRetention);
  retention.add(createEventRetention(config.events.retentionDays, log));
  retention.add(keyRetention);
  const idempotency = await lifecycle.open(
    'idempotency keys',
    () => createIdempotency({ database, secrets, presence: connected.presence, log }),
    (opened) => opened.close(),
  );
  return {
    ...ground,
    ...connected,
    release,
    retention,
    secrets,
    rotation: createRotation({ database, ...opened, announce: () => Promise.resolve() }),
    limits: createLimits({ config: config.rateLimit, database, secrets, metrics, log }),
    idempotency,
    outbound: createOutbound({ ownEndpoints }),
    activity,
    hooks,
    sentinel,
    runner: createRunner({ ...ground, hooks }),
    tasks,
    events,
  };
};
