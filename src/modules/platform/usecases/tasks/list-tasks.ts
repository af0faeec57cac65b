import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { listTasksBy } from '../../logic/task-admin.ts';
import { taskFilter, taskSummary } from '../../logic/task-shapes.ts';

/** @see docs/modules/platform/usecases/list-tasks.md */
export const listTasks = ({ kernel: { database } }: PlatformDeps) =>
  manualCommand({
    operationId: 'list-tasks',
    summary: 'List tasks, newest first',
    usage: 'tasks list',
    input: z.object({
      ...taskFilter,
      limit: z.coerce.number().int().min(1).max(1000).default(50).describe('how many (default 50)'),
    }),
    output: z.object({ items: z.array(taskSummary) }),
    errors: {},
    render: ({ items }) =>
      items.length === 0
        ? 'No tasks.'
        : items
            .map((task) =>
              [task.id, task.state.padEnd(7), task.queue, task.name, task.reason ?? ''].join('  ').trimEnd(),
            )
            .join('\n'),

    async execute(_ctx, { limit, ...filter }) {
      return { items: [...(await listTasksBy(database.lanes, filter, { before: null, limit }))] };
    },
  });
