import { z } from 'zod';

import { listTaskQueues } from '#kernel/tasks/administration-statements.ts';
import { userAction } from '#kernel/usecase.ts';
import { manageTasks } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { setQueuePaused } from '../../logic/task-admin.ts';

/** @see docs/modules/platform/usecases/pause-queue.md */
export const pauseQueue = ({ kernel: { database, tasks } }: PlatformDeps) =>
  userAction({
    operationId: 'pause-queue',
    summary: 'Let nothing more of a queue begin',
    access: 'POST /api/v1/platform/queues/{name}/pause',
    actors: ['admin', 'service_acc'],
    permissions: [manageTasks.name],
    input: z.object({ name: z.string().min(1).max(512) }),
    output: null,
    errors: { QUEUE_NOT_FOUND: 'not_found' },

    async execute(ctx, { name }, fail) {
      const queues = await listTaskQueues(database.lanes);
      if (!queues.some((queue) => queue.name === name)) throw fail('QUEUE_NOT_FOUND');
      await ctx.transaction((tx) => setQueuePaused(ctx, tasks, { tx, name, isPaused: true }));
    },
  });
