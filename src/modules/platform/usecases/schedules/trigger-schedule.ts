import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import { manageSchedules } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { findSchedule, triggerScheduleIn } from '../../logic/schedule-admin.ts';
import { scheduleId } from '../../logic/schedule-shapes.ts';

/** @see docs/modules/platform/usecases/trigger-schedule.md */
export const triggerSchedule = (deps: PlatformDeps) =>
  userAction({
    operationId: 'trigger-schedule',
    summary: 'Enqueue the task of a schedule now',
    access: 'POST /api/v1/platform/schedules/{id}/trigger',
    actors: ['admin', 'service_acc'],
    permissions: [manageSchedules.name],
    input: z.object({ id: scheduleId }),
    output: z.object({ taskId: z.uuid() }),
    status: 202,
    errors: { SCHEDULE_NOT_FOUND: 'not_found', ALREADY_RUNNING: 'conflict' },

    execute(ctx, { id }, fail) {
      const schedule = findSchedule(deps, id);
      if (schedule === null) throw fail('SCHEDULE_NOT_FOUND');
      return ctx.transaction(async (tx) => {
        const taskId = await triggerScheduleIn(ctx, deps.kernel, { tx, schedule });
        if (taskId === null) throw fail('ALREADY_RUNNING', { message: 'a task of it is not finished' });
        return { taskId };
      });
    },
  });
