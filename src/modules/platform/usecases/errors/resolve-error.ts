import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import { manageErrors } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { changeErrorState } from '../../logic/error-admin.ts';

/** @see docs/modules/platform/usecases/resolve-error.md */
export const resolveError = ({ kernel: { now } }: PlatformDeps) =>
  userAction({
    operationId: 'resolve-error',
    summary: 'Say that an error is resolved: if it is seen again, it has regressed',
    access: 'POST /api/v1/platform/errors/{id}/resolve',
    actors: ['admin', 'service_acc'],
    permissions: [manageErrors.name],
    input: z.object({ id: z.uuid() }),
    output: null,
    errors: { ERROR_NOT_FOUND: 'not_found', STATE_UNCHANGED: 'conflict' },

    async execute(ctx, { id }, fail) {
      await ctx.transaction(async (tx) => {
        const outcome = await changeErrorState(ctx, { tx, id, state: 'resolved', now: now() });
        if (outcome === 'unknown') throw fail('ERROR_NOT_FOUND');
        if (outcome === 'unchanged') throw fail('STATE_UNCHANGED');
      });
    },
  });
