import { z } from 'zod';

import { fireStates } from '#kernel/schedules/fire-state.ts';

/** As in the path of a request and as an argument of a command. */
export const scheduleId = z.string().min(1).max(512);

export const scheduleSummary = z.object({
  id: z.string(),
  cron: z.string(),
  timeZone: z.string(),
  jitterSeconds: z.number(),
  overlap: z.enum(['skip', 'allow']),
  catchUp: z.enum(['none', 'latest', 'all']),
  pausedAt: z.iso.datetime().nullable(),
  nextAt: z.iso.datetime().nullable(),
  lastFiredAt: z.iso.datetime().nullable(),
});

export const scheduleDetails = scheduleSummary.extend({
  next: z.array(z.iso.datetime()),
  history: z.array(
    z.object({
      slot: z.iso.datetime().nullable(),
      firedAt: z.iso.datetime(),
      taskId: z.uuid().nullable(),
      state: z.enum(fireStates),
    }),
  ),
});
