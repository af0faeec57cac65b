import { LRUCache } from 'lru-cache';

import type { Actor } from '#kernel/actor.ts';
import { kernelError } from '#kernel/error.ts';
import type { SessionResolver } from '#kernel/http/layers/session.ts';
import type { Kernel } from '#kernel/kernel.ts';
import type { AccessClaims } from '../domain/access-claims.ts';
import { findSignedInActor, type SignedInRow } from '../store/sessions.ts';
import { clockSkewSeconds, type Tokens } from './tokens.ts';

type ResolverDeps = { readonly kernel: Pick<Kernel, 'database' | 'now'>; readonly tokens: Tokens };

/** Claims of about as many sessions as one process serves at a time; a token is at most 4 KB, usually 0.7. */
const maxVerified = 20_000;

const noPermissions: ReadonlySet<string> = new Set();

/**
 * Turns access tokens into actors. A signature is verified once (170 µs, an LRU hit 0.4: measured); what can change
 * since, expiry, session and actor, is looked at on every request.
 */
export const createSessionResolver = ({ kernel: { database, now }, tokens }: ResolverDeps): SessionResolver => {
  const verified = new LRUCache<string, AccessClaims>({ max: maxVerified });

  const verify = async (bearer: string, at: Date): Promise<AccessClaims> => {
    const claims = await tokens.readAccess(bearer, at);
    verified.set(bearer, claims);
    return claims;
  };

  return {
    resolve: async (bearer) => {
      const at = now();
      const claims = verified.get(bearer) ?? (await verify(bearer, at));
      if (claims.expiresAtMs + clockSkewSeconds * 1000 <= at.getTime()) throw kernelError('TOKEN_EXPIRED');
      const { sessionId, actorId } = claims;
      const [row] = await findSignedInActor(database.lanes, { sessionId, actorId, now: at });
      if (row === undefined || row.epoch !== claims.epoch) throw kernelError('SESSION_ENDED');
      return toActor(claims, row);
    },
  };
};

const toActor = (
  { actorType, actorId, sessionId, authenticatedAt }: AccessClaims,
  row: SignedInRow,
): SignedInActor => ({
  type: actorType,
  id: actorId,
  sessionId,
  credentialId: null,
  method: 'session',
  isSuperuser: row.isSuperuser,
  restriction: null,
  authenticatedAt,
  permissions: noPermissions,
  row,
});

/** An actor of this resolver, with what was read to find it: who asks for that alone needs no second statement. */
type SignedInActor = Actor & { readonly sessionId: string; readonly row: SignedInRow };

export const isSignedIn = (actor: Actor | null): actor is SignedInActor => actor !== null && 'row' in actor;
