import { createAudit } from '#kernel/audit/audit.ts';
import type { Kernel } from '#kernel/kernel.ts';
import type { Lifecycle } from '#kernel/lifecycle.ts';
import { createLimits } from '#kernel/limits/limits.ts';
import { createOutbound } from '#kernel/outbound/outbound.ts';
import type { RecentLines } from '#kernel/observability/log-ring.ts';
import { createAbsentPresence } from '#kernel/presence/absent-presence.ts';
import { openPresence } from '#kernel/presence/open-presence.ts';
import type { Presence } from '#kernel/presence/presence.ts';
import { createRetentions } from '#kernel/retention.ts';
import { createRunner } from '#kernel/run.ts';
import { scheduleRetention } from '#kernel/schedules/schedule-retention.ts';
import { createSentinel } from '#kernel/sentinel/sentinel.ts';
import { createRotation } from '#kernel/secrets/rotation.ts';
import type { OpenedSecrets } from '#kernel/secrets/secrets.ts';
import { createTasks } from '#kernel/tasks/tasks.ts';
import { announceFreed } from '#kernel/tasks/wakes.ts';
import type { AppConfig } from './config.ts';
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
  const outbound = createOutbound({ ownEndpoints });
  const audit = await lifecycle.open(
    'audit trail',
    () => createAudit({ config: config.audit, database, secrets, outbound, metrics, log }),
    (opened) => opened.close(),
  );
  const hooks = createRunHooks({ log, metrics, sentinel, audit });
  const presence = role === null ? createAbsentPresence() : await enter(lifecycle, role, ground);
  const tasks = await lifecycle.open(
    'task wake-ups',
    () => createTasks(database, log),
    (opened) => opened.close(),
  );
  announceFreed(presence, tasks.wakes, log);
  const retention = createRetentions(database);
  retention.add(scheduleRetention);
  retention.add(audit.retention);
  return {
    ...ground,
    release,
    presence,
    retention,
    secrets,
    rotation: createRotation({ database, ...opened, announce: () => Promise.resolve() }),
    limits: createLimits({ config: config.rateLimit, database, secrets, metrics, log }),
    outbound,
    audit,
    hooks,
    sentinel,
    runner: createRunner({ ...ground, hooks }),
    tasks,
  };
};

type Observed = Pick<Kernel, 'log' | 'metrics' | 'telemetry' | 'connection'>;

const enter = (lifecycle: Lifecycle, role: string, { log, connection, ...observer }: Observed): Promise<Presence> =>
  lifecycle.open(
    'presence',
    () => openPresence({ ...connection, role, release, observer, log }),
    (presence) => presence.close(),
  );
