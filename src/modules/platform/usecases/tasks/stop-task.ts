import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { cancelTaskIn } from '../../logic/task-admin.ts';

/** @see docs/modules/platform/usecases/stop-task.md */
export const stopTask = ({ kernel: { tasks } }: PlatformDeps) =>
  manualCommand({
    operationId: 'stop-task',
    summary: 'End a task that is not finished',
    usage: 'tasks cancel <id>',
    input: z.object({ id: z.uuid().describe('the task') }),
    output: z.object({ id: z.uuid() }),
    errors: { TASK_NOT_FOUND: 'not_found', TASK_FINISHED: 'conflict' },
    confirm: ({ id }) => `Cancel the task ${id}?`,
    render: () => 'The task is cancelled.',

    execute: (ctx, { id }, fail) =>
      ctx.transaction(async (tx) => {
        const outcome = await cancelTaskIn(ctx, tasks, { tx, id });
        if (outcome === 'unknown') throw fail('TASK_NOT_FOUND', { message: `there is no task ${id}` });
        if (outcome === 'finished') throw fail('TASK_FINISHED', { message: 'it is done or dead already' });
        return { id };
      }),
  });
