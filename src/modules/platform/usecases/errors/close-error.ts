import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { changeErrorState } from '../../logic/error-admin.ts';

/** @see docs/modules/platform/usecases/close-error.md */
export const closeError = ({ kernel: { now } }: PlatformDeps) =>
  manualCommand({
    operationId: 'close-error',
    summary: 'Say that an error is resolved: if it is seen again, it has regressed',
    usage: 'errors resolve <id>',
    input: z.object({ id: z.uuid().describe('the error') }),
    output: z.object({ id: z.uuid() }),
    errors: { ERROR_NOT_FOUND: 'not_found', STATE_UNCHANGED: 'conflict' },
    render: () => 'The error is resolved.',

    execute: (ctx, { id }, fail) =>
      ctx.transaction(async (tx) => {
        const outcome = await changeErrorState(ctx, { tx, id, state: 'resolved', now: now() });
        if (outcome === 'unknown') throw fail('ERROR_NOT_FOUND', { message: `there is no error ${id}` });
        if (outcome === 'unchanged') throw fail('STATE_UNCHANGED', { message: 'it is resolved already' });
        return { id };
      }),
  });
