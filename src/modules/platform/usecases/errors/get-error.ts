import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import { readErrors } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { findErrorDetails } from '../../logic/error-admin.ts';
import { defaultSamples, errorDetails } from '../../logic/error-shapes.ts';

/** @see docs/modules/platform/usecases/get-error.md */
export const getError = ({ kernel: { database } }: PlatformDeps) =>
  userAction({
    operationId: 'get-error',
    summary: 'Show an error with its newest occurrences',
    access: 'GET /api/v1/platform/errors/{id}',
    actors: ['admin', 'service_acc'],
    permissions: [readErrors.name],
    input: z.object({ id: z.uuid(), samples: z.coerce.number().int().min(0).max(100).default(defaultSamples) }),
    output: errorDetails,
    errors: { ERROR_NOT_FOUND: 'not_found' },

    async execute(_ctx, { id, samples }, fail) {
      const error = await findErrorDetails(database.lanes, id, samples);
      if (error === null) throw fail('ERROR_NOT_FOUND');
      return error;
    },
  });
