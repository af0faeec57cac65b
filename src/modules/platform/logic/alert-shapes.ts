import { z } from 'zod';

import { alertLevels, alertStates } from '../domain/thresholds.ts';

export const alertFilter = {
  state: z
    .enum(alertStates)
    .optional()
    .describe(`one of ${alertStates.join(', ')}`),
  level: z
    .enum(alertLevels)
    .optional()
    .describe(`one of ${alertLevels.join(', ')}`),
};

export const alertSummary = z.object({
  id: z.uuid(),
  key: z.string(),
  signal: z.string(),
  level: z.enum(alertLevels),
  state: z.enum(alertStates),
  value: z.number(),
  subject: z.string(),
  raisedAt: z.iso.datetime(),
  changedAt: z.iso.datetime(),
  acknowledgedAt: z.iso.datetime().nullable(),
  acknowledgedBy: z.uuid().nullable(),
  resolvedAt: z.iso.datetime().nullable(),
});
