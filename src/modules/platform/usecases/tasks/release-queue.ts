import { z } from 'zod';

import { listTaskQueues } from '#kernel/tasks/administration-statements.ts';
import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { setQueuePaused } from '../../logic/task-admin.ts';

/** @see docs/modules/platform/usecases/release-queue.md */
export const releaseQueue = ({ kernel: { database, tasks } }: PlatformDeps) =>
  manualCommand({
    operationId: 'release-queue',
    summary: 'Let the tasks of a paused queue begin again',
    usage: 'queues resume <name>',
    input: z.object({ name: z.string().min(1).max(512).describe('the queue') }),
    output: z.object({ name: z.string() }),
    errors: { QUEUE_NOT_FOUND: 'not_found' },
    render: ({ name }) => `${name} runs.`,

    async execute(ctx, { name }, fail) {
      const queues = await listTaskQueues(database.lanes);
      if (!queues.some((queue) => queue.name === name)) {
        throw fail('QUEUE_NOT_FOUND', { message: `there is no queue ${name}: see queues list` });
      }
      await ctx.transaction((tx) => setQueuePaused(ctx, tasks, { tx, name, isPaused: false }));
      return { name };
    },
  });
