import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { findSchedule, triggerScheduleIn } from '../../logic/schedule-admin.ts';
import { scheduleId } from '../../logic/schedule-shapes.ts';

/** @see docs/modules/platform/usecases/fire-schedule.md */
export const fireSchedule = (deps: PlatformDeps) =>
  manualCommand({
    operationId: 'fire-schedule',
    summary: 'Enqueue the task of a schedule now',
    usage: 'schedules trigger <id>',
    input: z.object({ id: scheduleId.describe('the schedule') }),
    output: z.object({ taskId: z.uuid() }),
    errors: { SCHEDULE_NOT_FOUND: 'not_found', ALREADY_RUNNING: 'conflict' },
    render: ({ taskId }) => `Enqueued ${taskId}: ./ashlar tasks show ${taskId}`,

    execute(ctx, { id }, fail) {
      const schedule = findSchedule(deps, id);
      if (schedule === null) {
        throw fail('SCHEDULE_NOT_FOUND', { message: `there is no schedule ${id}: see schedules list` });
      }
      return ctx.transaction(async (tx) => {
        const taskId = await triggerScheduleIn(ctx, deps.kernel, { tx, schedule });
        if (taskId === null) throw fail('ALREADY_RUNNING', { message: 'a task of it is not finished' });
        return { taskId };
      });
    },
  });
