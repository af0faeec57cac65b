import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { findErrorDetails } from '../../logic/error-admin.ts';
import { defaultSamples, errorDetails } from '../../logic/error-shapes.ts';

/** @see docs/modules/platform/usecases/show-error.md */
export const showError = ({ kernel: { database } }: PlatformDeps) =>
  manualCommand({
    operationId: 'show-error',
    summary: 'Show an error with its newest occurrences',
    usage: 'errors show <id>',
    input: z.object({
      id: z.uuid().describe('the error'),
      samples: z.coerce
        .number()
        .int()
        .min(0)
        .max(100)
        .default(defaultSamples)
        .describe(`how many occurrences (default ${defaultSamples})`),
    }),
    output: errorDetails,
    errors: { ERROR_NOT_FOUND: 'not_found' },
    render: (error) => JSON.stringify(error, null, 2),

    async execute(_ctx, { id, samples }, fail) {
      const error = await findErrorDetails(database.lanes, id, samples);
      if (error === null) throw fail('ERROR_NOT_FOUND', { message: `there is no error ${id}` });
      return error;
    },
  });
