import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import { manageSchedules } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { findSchedule, setSchedulePaused } from '../../logic/schedule-admin.ts';
import { scheduleId } from '../../logic/schedule-shapes.ts';

/** @see docs/modules/platform/usecases/resume-schedule.md */
export const resumeSchedule = (deps: PlatformDeps) =>
  userAction({
    operationId: 'resume-schedule',
    summary: 'Let a paused schedule fire again',
    access: 'POST /api/v1/platform/schedules/{id}/resume',
    actors: ['admin', 'service_acc'],
    permissions: [manageSchedules.name],
    input: z.object({ id: scheduleId }),
    output: null,
    errors: { SCHEDULE_NOT_FOUND: 'not_found' },

    async execute(ctx, { id }, fail) {
      const schedule = findSchedule(deps, id);
      if (schedule === null) throw fail('SCHEDULE_NOT_FOUND');
      await ctx.transaction((tx) => setSchedulePaused(ctx, false, { tx, schedule }));
    },
  });
