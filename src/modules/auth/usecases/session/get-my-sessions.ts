import { z } from 'zod';

import { kernelError } from '#kernel/error.ts';
import { decodeCursor, pageOf, pageQuery, toPage } from '#kernel/page.ts';
import { userAction } from '#kernel/usecase.ts';
import type { AuthDeps } from '../../deps.ts';
import { sessionMethods } from '../../domain/session.ts';
import { listLiveSessions } from '../../store/sessions.ts';

/** @see docs/modules/auth/usecases/get-my-sessions.md */
export const getMySessions = ({ kernel: { database, now } }: AuthDeps) =>
  userAction({
    operationId: 'get-my-sessions',
    summary: 'List the sessions that I am signed in with',
    access: 'GET /api/v1/auth/me/sessions',
    actors: ['user', 'admin'],
    permissions: [],
    input: z.object(pageQuery),
    output: pageOf(
      z.object({
        id: z.uuid(),
        userAgent: z.string().nullable(),
        address: z.string().nullable(),
        method: z.enum(sessionMethods),
        createdAt: z.iso.datetime(),
        lastUsedAt: z.iso.datetime(),
        expiresAt: z.iso.datetime(),
        isCurrent: z.boolean(),
      }),
    ),
    errors: {},

    async execute({ actor }, { limit, cursor }) {
      if (actor === null) throw kernelError('UNAUTHENTICATED');
      const [before] = decodeCursor(cursor, z.tuple([z.uuid()])) ?? [null];
      const rows = await listLiveSessions(database.lanes, { actorId: actor.id, now: now(), before, limit: limit + 1 });
      const { items, nextCursor } = toPage(rows, limit, ({ id }) => [id]);
      return { items: items.map((row) => ({ ...row, isCurrent: row.id === actor.sessionId })), nextCursor };
    },
  });
