import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import { manageSchedules } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { findSchedule, setSchedulePaused } from '../../logic/schedule-admin.ts';
import { scheduleId } from '../../logic/schedule-shapes.ts';

/** @see docs/modules/platform/usecases/pause-schedule.md */
export const pauseSchedule = (deps: PlatformDeps) =>
  userAction({
    operationId: 'pause-schedule',
    summary: 'Let a schedule fire no more until it is resumed',
    access: 'POST /api/v1/platform/schedules/{id}/pause',
    actors: ['admin', 'service_acc'],
    permissions: [manageSchedules.name],
    input: z.object({ id: scheduleId }),
    output: null,
    errors: { SCHEDULE_NOT_FOUND: 'not_found' },

    async execute(ctx, { id }, fail) {
      const schedule = findSchedule(deps, id);
      if (schedule === null) throw fail('SCHEDULE_NOT_FOUND');
      await ctx.transaction((tx) => setSchedulePaused(ctx, true, { tx, schedule }));
    },
  });
