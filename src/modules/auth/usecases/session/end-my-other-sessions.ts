import { z } from 'zod';

import { kernelError } from '#kernel/error.ts';
import { userAction } from '#kernel/usecase.ts';
import type { AuthDeps } from '../../deps.ts';
import { endSessionsOf } from '../../store/sessions.ts';

/** @see docs/modules/auth/usecases/end-my-other-sessions.md */
export const endMyOtherSessions = ({ kernel: { now } }: AuthDeps) =>
  userAction({
    operationId: 'end-my-other-sessions',
    summary: 'End all my sessions but this one',
    access: 'DELETE /api/v1/auth/me/sessions',
    actors: ['user', 'admin'],
    permissions: [],
    input: z.object({}),
    output: z.object({ endedCount: z.int() }),
    errors: {},

    async execute({ actor, transaction, audit }) {
      if (actor === null) throw kernelError('UNAUTHENTICATED');
      const { id: actorId, sessionId: keepId } = actor;
      return transaction(async (tx) => {
        const endedCount = await endSessionsOf(tx, { actorId, keepId, now: now(), reason: 'ended_by_owner' });
        await audit(tx, { subject: `actor:${actorId}`, after: { endedCount } });
        return { endedCount };
      });
    },
  });
