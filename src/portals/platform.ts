import type { Permission } from '#kernel/actor.ts';

export const readHealth = {
  name: 'platform:read-health',
  description: 'See how the processes, the database and the modules are doing',
  actorTypes: ['admin', 'service_acc'],
} as const satisfies Permission;
