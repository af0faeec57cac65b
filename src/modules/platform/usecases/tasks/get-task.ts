import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import { readTasks } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { findTaskDetails } from '../../logic/task-admin.ts';
import { taskDetails } from '../../logic/task-shapes.ts';

/** @see docs/modules/platform/usecases/get-task.md */
export const getTask = ({ kernel: { database } }: PlatformDeps) =>
  userAction({
    operationId: 'get-task',
    summary: 'Show a task: its attempts, its progress, and why it waits',
    access: 'GET /api/v1/platform/tasks/{id}',
    actors: ['admin', 'service_acc'],
    permissions: [readTasks.name],
    input: z.object({ id: z.uuid() }),
    output: taskDetails,
    errors: { TASK_NOT_FOUND: 'not_found' },

    async execute(_ctx, { id }, fail) {
      const task = await findTaskDetails(database.lanes, id);
      if (task === null) throw fail('TASK_NOT_FOUND');
      return task;
    },
  });
