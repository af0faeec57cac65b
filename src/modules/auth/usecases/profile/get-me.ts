import { z } from 'zod';

import { actorTypes } from '#kernel/actor.ts';
import { kernelError } from '#kernel/error.ts';
import { userAction } from '#kernel/usecase.ts';
import type { AuthDeps } from '../../deps.ts';
import { actorStatuses } from '../../domain/actor.ts';
import { isSignedIn } from '../../logic/session-resolver.ts';

/** @see docs/modules/auth/usecases/get-me.md */
export const getMe = (_deps: AuthDeps) =>
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

    execute({ actor }) {
      if (!isSignedIn(actor)) return Promise.reject(kernelError('UNAUTHENTICATED'));
      const { id, type, sessionId, permissions, row } = actor;
      const { authenticatedAt, expiresAt } = row;
      return Promise.resolve({
        ...row,
        id,
        type,
        permissions: [...permissions].sort(),
        session: {
          id: sessionId,
          authenticatedAt: authenticatedAt.toISOString(),
          expiresAt: expiresAt.toISOString(),
        },
      });
    },
  });
