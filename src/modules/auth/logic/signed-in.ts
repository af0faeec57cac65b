import { z } from 'zod';

import { actorTypes } from '#kernel/actor.ts';
import type { Candidate } from '../store/actors.ts';
import type { SessionGrant } from '../store/sessions.ts';
import type { TokenPair } from './tokens.ts';

/** What every way to sign in answers. */
export const signedInShape = () =>
  z.object({
    status: z.literal('signed_in'),
    actor: z.object({
      id: z.uuid(),
      type: z.enum(actorTypes),
      login: z.string(),
      displayName: z.string(),
      isSuperuser: z.boolean(),
    }),
    session: z.object({ id: z.uuid(), authenticatedAt: z.iso.datetime(), expiresAt: z.iso.datetime() }),
    accessToken: z.string(),
    refreshToken: z.string(),
    accessTokenExpiresAt: z.iso.datetime(),
    refreshTokenExpiresAt: z.iso.datetime(),
  });

export type SignedIn = z.output<ReturnType<typeof signedInShape>>;

export const toSignedIn = (actor: Candidate, session: SessionGrant, pair: TokenPair): SignedIn => {
  const { id, type, login, displayName, isSuperuser } = actor;
  const { sessionId, authenticatedAt, expiresAt } = session;
  return {
    status: 'signed_in',
    actor: { id, type, login, displayName, isSuperuser },
    session: { id: sessionId, authenticatedAt: authenticatedAt.toISOString(), expiresAt: expiresAt.toISOString() },
    ...pair,
  };
};
