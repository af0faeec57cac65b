import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import type { AuthDeps } from '../../deps.ts';
import { endSession } from '../../store/sessions.ts';

/** @see docs/modules/auth/usecases/logout.md */
export const logout = ({ kernel: { now } }: AuthDeps) =>
  userAction({
    operationId: 'logout',
    summary: 'End the session',
    access: 'POST /api/v1/auth/logout',
    actors: ['user', 'admin'],
    acceptsEndedSession: true,
    permissions: [],
    input: z.object({}),
    output: null,
    errors: {},

    async execute({ actor, transaction, audit }) {
      // No actor: the session had ended before, which is what was asked for.
      if (actor === null || actor.sessionId === null) return;
      const { id: actorId, sessionId } = actor;
      await transaction(async (tx) => {
        await endSession(tx, { id: sessionId, actorId, now: now(), reason: 'logout' });
        await audit(tx, { subject: `session:${sessionId}`, after: { endReason: 'logout' } });
      });
    },
  });
