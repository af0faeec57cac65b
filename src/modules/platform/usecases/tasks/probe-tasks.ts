import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import { probeTask } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';

/** @see docs/modules/platform/usecases/probe-tasks.md */
export const probeTasks = ({ kernel: { tasks } }: PlatformDeps) =>
  manualCommand({
    operationId: 'probe-tasks',
    summary: 'Enqueue a harmless task that waits',
    usage: 'tasks probe',
    input: z.object({
      seconds: z.coerce.number().min(0).max(3600).default(1).describe('how long it waits (default 1)'),
    }),
    output: z.object({ id: z.uuid() }),
    errors: {},
    render: ({ id }) => `Enqueued ${id}: ./ashlar tasks show ${id}`,

    execute: (ctx, { seconds }) =>
      ctx.transaction(async (tx) => {
        const id = await tasks.enqueue(tx, probeTask, { seconds });
        if (id === null) throw new Error('a task without a unique key was rejected');
        await ctx.audit(tx, { subject: `task:${id}`, after: { seconds } });
        return { id };
      }),
  });
