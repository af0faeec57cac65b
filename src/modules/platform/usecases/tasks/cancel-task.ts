import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import { manageTasks } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { cancelTaskIn } from '../../logic/task-admin.ts';

/** @see docs/modules/platform/usecases/cancel-task.md */
export const cancelTask = ({ kernel: { tasks } }: PlatformDeps) =>
  userAction({
    operationId: 'cancel-task',
    summary: 'End a task that is not finished',
    access: 'POST /api/v1/platform/tasks/{id}/cancel',
    actors: ['admin', 'service_acc'],
    permissions: [manageTasks.name],
    input: z.object({ id: z.uuid() }),
    output: null,
    errors: { TASK_NOT_FOUND: 'not_found', TASK_FINISHED: 'conflict' },

    async execute(ctx, { id }, fail) {
      await ctx.transaction(async (tx) => {
        const outcome = await cancelTaskIn(ctx, tasks, { tx, id });
        if (outcome === 'unknown') throw fail('TASK_NOT_FOUND');
        if (outcome === 'finished') throw fail('TASK_FINISHED');
      });
    },
  });
