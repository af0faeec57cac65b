import { z } from 'zod';

import { actorTypes } from '#kernel/actor.ts';
import { kernelError } from '#kernel/error.ts';
import { userAction } from '#kernel/usecase.ts';
import type { AuthDeps } from '../../deps.ts';
import { actorStatuses } from '../../domain/actor.ts';
import { findProfile } from '../../store/actors.ts';

/** @see docs/modules/auth/usecases/get-me.md */
export const getMe = ({ kernel: { database } }: AuthDeps) =>
  userAction({
    operationId: 'get-me',
    summary: 'Tell who I am and what I may do',
    access: 'GET /api/v1/auth/me',
    actors: ['user', 'admin'],
    restricted: true,
    permissions: [],
    input: z.object({}),
    output: z.object({
      id: z.uuid(),
      type: z.enum(actorTypes),
      login: z.string(),
      displayName: z.string(),
      email: z.string().nullable(),
      isSuperuser: z.boolean(),
      status: z.enum(actorStatuses),
      permissions: z.array(z.string()),
      locale: z.string().nullable(),
      timezone: z.string().nullable(),
      version: z.int(),
      session: z.object({ id: z.uuid(), authenticatedAt: z.iso.datetime(), expiresAt: z.iso.datetime() }),
    }),
    errors: {},

    async execute({ actor }) {
      if (actor === null || actor.sessionId === null) throw kernelError('UNAUTHENTICATED');
      const { sessionId, permissions } = actor;
      const [profile] = await findProfile(database.lanes, { sessionId });
      if (profile === undefined) throw kernelError('SESSION_ENDED');
      const { authenticatedAt, expiresAt, ...fields } = profile;
      return {
        ...fields,
        permissions: [...permissions].sort(),
        session: {
          id: sessionId,
          authenticatedAt: authenticatedAt.toISOString(),
          expiresAt: expiresAt.toISOString(),
        },
      };
    },
  });
