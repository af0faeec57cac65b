import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import { manageTasks } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { retryDeadTasks, toDeadFilter } from '../../logic/task-admin.ts';
import { deadFilter } from '../../logic/task-shapes.ts';

/** @see docs/modules/platform/usecases/retry-tasks.md */
export const retryTasks = ({ kernel }: PlatformDeps) =>
  userAction({
    operationId: 'retry-tasks',
    summary: 'Begin dead tasks anew, found by a filter',
    access: 'POST /api/v1/platform/tasks/retry',
    actors: ['admin', 'service_acc'],
    permissions: [manageTasks.name],
    input: z.object({ ...deadFilter, dryRun: z.boolean().default(false) }),
    output: z.object({ count: z.int() }),
    errors: { FILTER_REQUIRED: 'invalid' },

    execute(ctx, { dryRun, ...given }, fail) {
      const filter = toDeadFilter(given);
      if (filter === null) throw fail('FILTER_REQUIRED', { message: 'name a queue, a name, a reason or a time' });
      return retryDeadTasks(ctx, kernel, { filter, dryRun });
    },
  });
