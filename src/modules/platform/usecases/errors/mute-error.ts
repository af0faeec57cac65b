import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { changeErrorState } from '../../logic/error-admin.ts';

/** @see docs/modules/platform/usecases/mute-error.md */
export const muteError = ({ kernel: { now } }: PlatformDeps) =>
  manualCommand({
    operationId: 'mute-error',
    summary: 'Count an error on, and tell nobody of it',
    usage: 'errors ignore <id>',
    input: z.object({ id: z.uuid().describe('the error') }),
    output: z.object({ id: z.uuid() }),
    errors: { ERROR_NOT_FOUND: 'not_found', STATE_UNCHANGED: 'conflict' },
    render: () => 'The error is ignored.',

    execute: (ctx, { id }, fail) =>
      ctx.transaction(async (tx) => {
        const outcome = await changeErrorState(ctx, { tx, id, state: 'ignored', now: now() });
        if (outcome === 'unknown') throw fail('ERROR_NOT_FOUND', { message: `there is no error ${id}` });
        if (outcome === 'unchanged') throw fail('STATE_UNCHANGED', { message: 'it is ignored already' });
        return { id };
      }),
  });
