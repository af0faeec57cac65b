import { z } from 'zod';

import { listTaskQueues } from '#kernel/tasks/administration-statements.ts';
import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { setQueuePaused } from '../../logic/task-admin.ts';

/** @see docs/modules/platform/usecases/hold-queue.md */
export const holdQueue = ({ kernel: { database, tasks } }: PlatformDeps) =>
  manualCommand({
    operationId: 'hold-queue',
    summary: 'Let nothing more of a queue begin',
    usage: 'queues pause <name>',
    input: z.object({ name: z.string().min(1).max(512).describe('the queue') }),
    output: z.object({ name: z.string() }),
    errors: { QUEUE_NOT_FOUND: 'not_found' },
    render: ({ name }) => `${name} is paused.`,

    async execute(ctx, { name }, fail) {
      const queues = await listTaskQueues(database.lanes);
      if (!queues.some((queue) => queue.name === name)) {
        throw fail('QUEUE_NOT_FOUND', { message: `there is no queue ${name}: see queues list` });
      }
      await ctx.transaction((tx) => setQueuePaused(ctx, tasks, { tx, name, isPaused: true }));
      return { name };
    },
  });
