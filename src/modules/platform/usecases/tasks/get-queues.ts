import { z } from 'zod';

import { listTaskQueues } from '#kernel/tasks/administration-statements.ts';
import { userAction } from '#kernel/usecase.ts';
import { readTasks } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { queueSummary } from '../../logic/task-shapes.ts';

/** @see docs/modules/platform/usecases/get-queues.md */
export const getQueues = ({ kernel: { database } }: PlatformDeps) =>
  userAction({
    operationId: 'get-queues',
    summary: 'List the queues with what stands in them',
    access: 'GET /api/v1/platform/queues',
    actors: ['admin', 'service_acc'],
    permissions: [readTasks.name],
    input: z.object({}),
    output: z.object({ items: z.array(queueSummary), nextCursor: z.null() }),
    errors: {},

    async execute() {
      return { items: [...(await listTaskQueues(database.lanes))], nextCursor: null };
    },
  });
