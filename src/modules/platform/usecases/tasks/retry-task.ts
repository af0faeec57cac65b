import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import { manageTasks } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { retryDeadTask } from '../../logic/task-admin.ts';

/** @see docs/modules/platform/usecases/retry-task.md */
export const retryTask = ({ kernel: { tasks } }: PlatformDeps) =>
  userAction({
    operationId: 'retry-task',
    summary: 'Begin a dead task anew',
    access: 'POST /api/v1/platform/tasks/{id}/retry',
    actors: ['admin', 'service_acc'],
    permissions: [manageTasks.name],
    input: z.object({ id: z.uuid() }),
    output: null,
    errors: { TASK_NOT_FOUND: 'not_found', TASK_NOT_DEAD: 'conflict' },

    async execute(ctx, { id }, fail) {
      await ctx.transaction(async (tx) => {
        const outcome = await retryDeadTask(ctx, tasks, { tx, id });
        if (outcome === 'unknown') throw fail('TASK_NOT_FOUND');
        if (outcome === 'not_dead') throw fail('TASK_NOT_DEAD');
      });
    },
  });
