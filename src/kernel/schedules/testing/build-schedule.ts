import { z } from 'zod';

import type { Calendar } from '#kernel/schedules/calendar.ts';
import type { ScheduleDefinition } from '#kernel/schedules/schedule-definition.ts';

/** Due each so many milliseconds: a test cannot wait for minutes. */
export const every = (periodMs: number): Calendar => ({
  next: (after) => new Date((Math.floor(after.getTime() / periodMs) + 1) * periodMs),
});

export const never: Calendar = { next: () => null };

/** Its task is `id`, in a queue of the same name. */
export const buildSchedule = (id: string, changes: Partial<ScheduleDefinition> = {}): ScheduleDefinition => ({
  id,
  cron: '* * * * *',
  timeZone: 'UTC',
  jitterSeconds: 0,
  overlap: 'skip',
  catchUp: 'latest',
  calendar: never,
  task: { name: id, queue: id, payload: z.object({ slot: z.iso.datetime() }) },
  ...changes,
});
