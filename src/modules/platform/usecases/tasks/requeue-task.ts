import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { retryDeadTask } from '../../logic/task-admin.ts';

/** @see docs/modules/platform/usecases/requeue-task.md */
export const requeueTask = ({ kernel: { tasks } }: PlatformDeps) =>
  manualCommand({
    operationId: 'requeue-task',
    summary: 'Begin a dead task anew',
    usage: 'tasks retry <id>',
    input: z.object({ id: z.uuid().describe('the task') }),
    output: z.object({ id: z.uuid() }),
    errors: { TASK_NOT_FOUND: 'not_found', TASK_NOT_DEAD: 'conflict' },
    render: () => 'The task begins anew.',

    execute: (ctx, { id }, fail) =>
      ctx.transaction(async (tx) => {
        const outcome = await retryDeadTask(ctx, tasks, { tx, id });
        if (outcome === 'unknown') throw fail('TASK_NOT_FOUND', { message: `there is no task ${id}` });
        if (outcome === 'not_dead') throw fail('TASK_NOT_DEAD', { message: 'it waits, runs or is done' });
        return { id };
      }),
  });
