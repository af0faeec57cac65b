import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { findTaskDetails } from '../../logic/task-admin.ts';
import { taskDetails } from '../../logic/task-shapes.ts';

/** @see docs/modules/platform/usecases/show-task.md */
export const showTask = ({ kernel: { database } }: PlatformDeps) =>
  manualCommand({
    operationId: 'show-task',
    summary: 'Show a task: its attempts, its progress, and why it waits',
    usage: 'tasks show <id>',
    input: z.object({ id: z.uuid().describe('the task') }),
    output: taskDetails,
    errors: { TASK_NOT_FOUND: 'not_found' },
    render: (task) => JSON.stringify(task, null, 2),

    async execute(_ctx, { id }, fail) {
      const task = await findTaskDetails(database.lanes, id);
      if (task === null) throw fail('TASK_NOT_FOUND', { message: `there is no task ${id}` });
      return task;
    },
  });
