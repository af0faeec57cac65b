import { z } from 'zod';

import { listTaskQueues } from '#kernel/tasks/administration-statements.ts';
import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { queueSummary } from '../../logic/task-shapes.ts';

/** @see docs/modules/platform/usecases/list-queues.md */
export const listQueues = ({ kernel: { database } }: PlatformDeps) =>
  manualCommand({
    operationId: 'list-queues',
    summary: 'List the queues with what stands in them',
    usage: 'queues list',
    input: z.object({}),
    output: z.object({ items: z.array(queueSummary) }),
    errors: {},
    render: ({ items }) =>
      items
        .map(({ name, pausedAt, waiting, ready, running, dead, workers }) =>
          [
            name,
            pausedAt === null ? '' : 'paused',
            `waiting ${waiting}`,
            `ready ${ready}`,
            `running ${running}`,
            `dead ${dead}`,
            `workers ${workers}`,
          ]
            .filter((part) => part !== '')
            .join('  '),
        )
        .join('\n') || 'No queues.',

    async execute() {
      return { items: [...(await listTaskQueues(database.lanes))] };
    },
  });
