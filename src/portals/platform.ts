import { z } from 'zod';

import type { Permission } from '#kernel/actor.ts';
import type { TaskContract } from '#kernel/usecase.ts';

export const readHealth = {
  name: 'platform:read-health',
  description: 'See how the processes, the database and the modules are doing',
  actorTypes: ['admin', 'service_acc'],
} as const satisfies Permission;

export const readTasks = {
  name: 'platform:read-tasks',
  description: 'See tasks, with what they were given and answered, their queues and workers',
  actorTypes: ['admin', 'service_acc'],
} as const satisfies Permission;

export const manageTasks = {
  name: 'platform:manage-tasks',
  description: 'Retry, cancel and purge tasks; pause and resume queues',
  actorTypes: ['admin', 'service_acc'],
} as const satisfies Permission;

/** Harmless: waits for so many seconds and says so. For trying things out. */
export const probeTask = {
  name: 'platform.probe',
  payload: z.object({ seconds: z.number().min(0).max(3600) }),
} as const satisfies TaskContract;
