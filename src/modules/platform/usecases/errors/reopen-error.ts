import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import { manageErrors } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { changeErrorState } from '../../logic/error-admin.ts';

/** @see docs/modules/platform/usecases/reopen-error.md */
export const reopenError = ({ kernel: { now } }: PlatformDeps) =>
  userAction({
    operationId: 'reopen-error',
    summary: 'Take back that an error is resolved or ignored',
    access: 'POST /api/v1/platform/errors/{id}/reopen',
    actors: ['admin', 'service_acc'],
    permissions: [manageErrors.name],
    input: z.object({ id: z.uuid() }),
    output: null,
    errors: { ERROR_NOT_FOUND: 'not_found', STATE_UNCHANGED: 'conflict' },

    async execute(ctx, { id }, fail) {
      await ctx.transaction(async (tx) => {
        const outcome = await changeErrorState(ctx, { tx, id, state: 'open', now: now() });
        if (outcome === 'unknown') throw fail('ERROR_NOT_FOUND');
        if (outcome === 'unchanged') throw fail('STATE_UNCHANGED');
      });
    },
  });
