import { z } from 'zod';

import { errorStates } from '../domain/error-group.ts';

/** The fields by which errors are found, in the query of a list and as options of a command. */
export const errorFilter = {
  state: z
    .enum(errorStates)
    .optional()
    .describe(`one of ${errorStates.join(', ')}`),
  operation: z.string().max(200).optional().describe('only of this operation'),
};

export const errorSummary = z.object({
  id: z.uuid(),
  operation: z.string().nullable(),
  code: z.string(),
  message: z.string(),
  state: z.enum(errorStates),
  count: z.int(),
  firstSeenAt: z.iso.datetime(),
  lastSeenAt: z.iso.datetime(),
  lastTraceId: z.string(),
  firstRelease: z.string(),
  lastRelease: z.string(),
});

export const errorDetails = errorSummary.extend({
  fingerprint: z.string(),
  frames: z.array(z.string()),
  resolvedAt: z.iso.datetime().nullable(),
  regressedAt: z.iso.datetime().nullable(),
  notifiedAt: z.iso.datetime().nullable(),
  samples: z.array(
    z.object({
      id: z.uuid(),
      occurredAt: z.iso.datetime(),
      traceId: z.string(),
      actorId: z.uuid().nullable(),
      release: z.string(),
      message: z.string(),
      stack: z.string(),
      inputShape: z.unknown(),
      logLines: z.array(z.string()),
    }),
  ),
});
export type ErrorDetails = z.output<typeof errorDetails>;

export const defaultSamples = 10;
