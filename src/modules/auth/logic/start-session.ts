import type { Tx } from '#kernel/database/database.ts';
import { newId } from '#kernel/ids.ts';
import type { Origin } from '#kernel/usecase.ts';
import { sessionExpiry, type SessionLifetime } from '../domain/session.ts';
import type { Candidate } from '../store/actors.ts';
import { endSurplusSessions, insertSession, type SessionGrant } from '../store/sessions.ts';

/** Longer ones are cut: only people read them. */
const maxUserAgentLength = 512;

type Start = {
  /** Locked by the transaction, so that the sessions of one actor are counted by one at a time. */
  readonly actor: Candidate;
  readonly method: 'password';
  readonly amr: readonly string[];
  readonly origin: Origin | null;
  readonly lifetime: SessionLifetime;
  readonly now: Date;
};

/** Opens a session; beyond the number that an actor may have, the longest unused one ends. */
export const startSession = async (
  tx: Tx,
  { actor, method, amr, origin, lifetime, now }: Start,
): Promise<SessionGrant> => {
  const sessionId = newId();
  const { idleExpiresAt, expiresAt } = sessionExpiry(now, lifetime);
  await insertSession(tx, {
    id: sessionId,
    actorId: actor.id,
    method,
    amr: [...amr],
    userAgent: origin?.userAgent?.slice(0, maxUserAgentLength) ?? null,
    address: origin?.address ?? null,
    startedAt: now,
    idleExpiresAt,
    expiresAt,
  });
  await endSurplusSessions(tx, actor.id, now);
  const { id: actorId, type: actorType, epoch } = actor;
  return { sessionId, counter: 0, amr, authenticatedAt: now, idleExpiresAt, expiresAt, actorId, actorType, epoch };
};
