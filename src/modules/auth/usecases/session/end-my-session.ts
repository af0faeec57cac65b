import { z } from 'zod';

import { kernelError } from '#kernel/error.ts';
import { userAction } from '#kernel/usecase.ts';
import type { AuthDeps } from '../../deps.ts';
import { endSession } from '../../store/sessions.ts';

/** @see docs/modules/auth/usecases/end-my-session.md */
export const endMySession = ({ kernel: { now } }: AuthDeps) =>
  userAction({
    operationId: 'end-my-session',
    summary: 'End one of my sessions',
    access: 'DELETE /api/v1/auth/me/sessions/{id}',
    actors: ['user', 'admin'],
    permissions: [],
    input: z.object({ id: z.uuid() }),
    output: null,
    errors: { SESSION_NOT_FOUND: 'not_found' },

    async execute({ actor, transaction, audit }, { id }, fail) {
      if (actor === null) throw kernelError('UNAUTHENTICATED');
      await transaction(async (tx) => {
        const hasEnded = await endSession(tx, { id, actorId: actor.id, now: now(), reason: 'ended_by_owner' });
        if (!hasEnded) throw fail('SESSION_NOT_FOUND');
        await audit(tx, { subject: `session:${id}`, after: { endReason: 'ended_by_owner' } });
      });
    },
  });
