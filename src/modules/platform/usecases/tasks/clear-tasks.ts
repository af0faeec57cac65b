import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { purgeDeadTasks, toDeadFilter } from '../../logic/task-admin.ts';
import { deadFilter } from '../../logic/task-shapes.ts';

/** @see docs/modules/platform/usecases/clear-tasks.md */
export const clearTasks = ({ kernel }: PlatformDeps) =>
  manualCommand({
    operationId: 'clear-tasks',
    summary: 'Forget dead tasks, found by a filter',
    usage: 'tasks purge',
    input: z.object({ ...deadFilter, dryRun: z.boolean().default(false).describe('only count them') }),
    output: z.object({ count: z.int(), dryRun: z.boolean() }),
    errors: { FILTER_REQUIRED: 'invalid' },
    confirm: ({ dryRun }) => (dryRun ? 'Count the dead tasks that fit?' : 'Forget the dead tasks that fit, for good?'),
    render: ({ count, dryRun }) =>
      dryRun ? `${count} dead tasks would be forgotten.` : `${count} dead tasks are forgotten.`,

    async execute(ctx, { dryRun, ...given }, fail) {
      const filter = toDeadFilter(given);
      if (filter === null) throw fail('FILTER_REQUIRED', { message: 'give --queue, --name, --reason or --before' });
      const { count } = await purgeDeadTasks(ctx, kernel, { filter, dryRun });
      return { count, dryRun };
    },
  });
