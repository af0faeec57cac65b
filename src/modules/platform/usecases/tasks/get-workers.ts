import { z } from 'zod';

import { listWorkers } from '#kernel/tasks/administration-statements.ts';
import { userAction } from '#kernel/usecase.ts';
import { readTasks } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';

const pool = z.object({ name: z.string(), queues: z.array(z.string()), slots: z.int(), running: z.int() });

/** @see docs/modules/platform/usecases/get-workers.md */
export const getWorkers = ({ kernel: { database } }: PlatformDeps) =>
  userAction({
    operationId: 'get-workers',
    summary: 'List the processes that run tasks',
    access: 'GET /api/v1/platform/workers',
    actors: ['admin', 'service_acc'],
    permissions: [readTasks.name],
    input: z.object({}),
    output: z.object({
      items: z.array(
        z.object({
          id: z.uuid(),
          role: z.string(),
          host: z.string(),
          pid: z.int(),
          release: z.string(),
          startedAt: z.iso.datetime(),
          seenAt: z.iso.datetime(),
          pools: z.array(pool),
        }),
      ),
      nextCursor: z.null(),
    }),
    errors: {},

    async execute() {
      const rows = await listWorkers(database.lanes);
      const items = rows.map((row) => ({
        ...row,
        pools: row.pools.map(({ queues, ...rest }) => ({ ...rest, queues: [...queues] })),
      }));
      return { items, nextCursor: null };
    },
  });
