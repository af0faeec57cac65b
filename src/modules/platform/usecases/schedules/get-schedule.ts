import { z } from 'zod';

import { describeSchedule } from '#kernel/schedules/describe-schedule.ts';
import { userAction } from '#kernel/usecase.ts';
import { readSchedules } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { findSchedule } from '../../logic/schedule-admin.ts';
import { scheduleDetails, scheduleId } from '../../logic/schedule-shapes.ts';

/** @see docs/modules/platform/usecases/get-schedule.md */
export const getSchedule = (deps: PlatformDeps) =>
  userAction({
    operationId: 'get-schedule',
    summary: 'Show a schedule: its next slots, and what came of the last ones',
    access: 'GET /api/v1/platform/schedules/{id}',
    actors: ['admin', 'service_acc'],
    permissions: [readSchedules.name],
    input: z.object({ id: scheduleId }),
    output: scheduleDetails,
    errors: { SCHEDULE_NOT_FOUND: 'not_found' },

    async execute(_ctx, { id }, fail) {
      const schedule = findSchedule(deps, id);
      if (schedule === null) throw fail('SCHEDULE_NOT_FOUND');
      const { database, now } = deps.kernel;
      return describeSchedule(database.lanes, schedule, now());
    },
  });
