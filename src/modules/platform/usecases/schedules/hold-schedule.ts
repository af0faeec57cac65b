import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { findSchedule, setSchedulePaused } from '../../logic/schedule-admin.ts';
import { scheduleId } from '../../logic/schedule-shapes.ts';

/** @see docs/modules/platform/usecases/hold-schedule.md */
export const holdSchedule = (deps: PlatformDeps) =>
  manualCommand({
    operationId: 'hold-schedule',
    summary: 'Let a schedule fire no more until it is resumed',
    usage: 'schedules pause <id>',
    input: z.object({ id: scheduleId.describe('the schedule') }),
    output: z.object({ id: z.string() }),
    errors: { SCHEDULE_NOT_FOUND: 'not_found' },
    render: ({ id }) => `${id} is paused.`,

    async execute(ctx, { id }, fail) {
      const schedule = findSchedule(deps, id);
      if (schedule === null) {
        throw fail('SCHEDULE_NOT_FOUND', { message: `there is no schedule ${id}: see schedules list` });
      }
      await ctx.transaction((tx) => setSchedulePaused(ctx, true, { tx, schedule }));
      return { id };
    },
  });
