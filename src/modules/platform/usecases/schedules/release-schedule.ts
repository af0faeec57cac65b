import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { findSchedule, setSchedulePaused } from '../../logic/schedule-admin.ts';
import { scheduleId } from '../../logic/schedule-shapes.ts';

/** @see docs/modules/platform/usecases/release-schedule.md */
export const releaseSchedule = (deps: PlatformDeps) =>
  manualCommand({
    operationId: 'release-schedule',
    summary: 'Let a paused schedule fire again',
    usage: 'schedules resume <id>',
    input: z.object({ id: scheduleId.describe('the schedule') }),
    output: z.object({ id: z.string() }),
    errors: { SCHEDULE_NOT_FOUND: 'not_found' },
    render: ({ id }) => `${id} is followed again.`,

    async execute(ctx, { id }, fail) {
      const schedule = findSchedule(deps, id);
      if (schedule === null) {
        throw fail('SCHEDULE_NOT_FOUND', { message: `there is no schedule ${id}: see schedules list` });
      }
      await ctx.transaction((tx) => setSchedulePaused(ctx, false, { tx, schedule }));
      return { id };
    },
  });
