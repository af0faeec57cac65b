import { and, desc, eq, gt, inArray, isNull, lt, ne, type Placeholder, type SQL, sql } from 'drizzle-orm';

import type { ActorType } from '#kernel/actor.ts';
import { isoText } from '#kernel/database/columns.ts';
import type { Db, Tx } from '#kernel/database/database.ts';
import { prepared, type Slots } from '#kernel/database/prepared.ts';
import { maxSessionsPerActor, type SessionEndReason } from '../domain/session.ts';
import { actors, sessions } from '../schema.ts';

/** What tokens are made from. */
export type SessionGrant = {
  readonly sessionId: string;
  readonly counter: number;
  readonly amr: readonly string[];
  readonly authenticatedAt: Date;
  readonly idleExpiresAt: Date;
  readonly expiresAt: Date;
  readonly actorId: string;
  readonly actorType: ActorType;
  readonly epoch: number;
};

const grant = {
  sessionId: sessions.id,
  counter: sessions.counter,
  amr: sessions.amr,
  authenticatedAt: sessions.authenticatedAt,
  idleExpiresAt: sessions.idleExpiresAt,
  expiresAt: sessions.expiresAt,
  actorId: actors.id,
  actorType: actors.type,
  epoch: actors.epoch,
};

/** Not ended and not expired: `idleExpiresAt` is never after `expiresAt`. */
const isLive = (now: Date | Placeholder): SQL | undefined =>
  and(isNull(sessions.endedAt), gt(sessions.idleExpiresAt, now));

/**
 * The session that asks and its actor, as the actor itself sees them: the one statement of a request with a token. No
 * row: the session is over, or the actor is disabled.
 */
export const findSignedInActor = prepared(
  'auth.find-signed-in-actor',
  (db, value: Slots<{ sessionId: string; actorId: string; now: Date }>) =>
    db
      .select({
        epoch: actors.epoch,
        isSuperuser: actors.isSuperuser,
        status: actors.status,
        login: actors.login,
        displayName: actors.displayName,
        email: actors.email,
        locale: actors.locale,
        timezone: actors.timezone,
        version: actors.version,
        expiresAt: sessions.expiresAt,
        authenticatedAt: sessions.authenticatedAt,
      })
      .from(sessions)
      .innerJoin(actors, eq(actors.id, sessions.actorId))
      .where(
        and(
          eq(sessions.id, value.sessionId),
          eq(actors.id, value.actorId),
          eq(actors.status, 'active'),
          isLive(value.now),
        ),
      ),
);

export type SignedInRow = Awaited<ReturnType<typeof findSignedInActor>>[number];

type NewSession = Pick<typeof sessions.$inferSelect, 'id' | 'actorId' | 'method' | 'amr' | 'userAgent' | 'address'> & {
  readonly startedAt: Date;
  readonly idleExpiresAt: Date;
  readonly expiresAt: Date;
};

export const insertSession: (tx: Tx, session: NewSession) => Promise<unknown> = prepared(
  'auth.insert-session',
  (db, value: Slots<NewSession>) =>
    db.insert(sessions).values({
      id: value.id,
      actorId: value.actorId,
      method: value.method,
      amr: value.amr,
      userAgent: value.userAgent,
      address: value.address,
      rotatedAt: value.startedAt,
      authenticatedAt: value.startedAt,
      createdAt: value.startedAt,
      idleExpiresAt: value.idleExpiresAt,
      expiresAt: value.expiresAt,
    }),
);

type Rotation = {
  readonly id: string;
  readonly counter: number;
  readonly now: Date;
  /** Shortened to the end of the session. */
  readonly idleExpiresAt: Date;
};

/** Counts the session up from `counter`. No row: another refresh did, or the session is over. */
export const rotateSession: (tx: Tx, rotation: Rotation) => Promise<SessionGrant[]> = prepared(
  'auth.rotate-session',
  (db, value: Slots<Rotation>) =>
    db
      .update(sessions)
      .set({
        counter: sql`${sessions.counter} + 1`,
        rotatedAt: sql`${value.now}`,
        graceUses: 0,
        idleExpiresAt: sql`least(${value.idleExpiresAt}, ${sessions.expiresAt})`,
      })
      .from(actors)
      .where(
        and(
          eq(sessions.id, value.id),
          eq(sessions.counter, value.counter),
          isLive(value.now),
          eq(actors.id, sessions.actorId),
          eq(actors.status, 'active'),
        ),
      )
      .returning(grant),
);

/** Nobody rotates or ends the session until the transaction ends. */
export const lockSession = async (tx: Tx, id: string): Promise<void> => {
  await tx.select({ id: sessions.id }).from(sessions).where(eq(sessions.id, id)).for('update');
};

export type SessionState = SessionGrant & {
  readonly rotatedAt: Date;
  readonly graceUses: number;
  /** And its actor active. */
  readonly isLive: boolean;
};

export const findSessionState = async (db: Db, id: string, now: Date): Promise<SessionState | null> => {
  const [row] = await db
    .select({
      ...grant,
      rotatedAt: sessions.rotatedAt,
      graceUses: sessions.graceUses,
      isLive: sql<boolean>`${and(isLive(now), eq(actors.status, 'active'))}`,
    })
    .from(sessions)
    .innerJoin(actors, eq(actors.id, sessions.actorId))
    .where(eq(sessions.id, id));
  return row ?? null;
};

export const updateGraceUses = async (tx: Tx, id: string): Promise<void> => {
  await tx
    .update(sessions)
    .set({ graceUses: sql`${sessions.graceUses} + 1` })
    .where(eq(sessions.id, id));
};

type End = { readonly now: Date; readonly reason: SessionEndReason };

const endWhere = (tx: Tx, { now, reason }: End, condition: SQL | undefined): Promise<{ id: string }[]> =>
  tx
    .update(sessions)
    .set({ endedAt: now, endReason: reason })
    .where(and(condition, isLive(now)))
    .returning({ id: sessions.id });

/** False if the actor has no such session that is live. */
export const endSession = async (
  tx: Tx,
  { id, actorId, ...end }: End & { readonly id: string; readonly actorId: string },
): Promise<boolean> => {
  const ended = await endWhere(tx, end, and(eq(sessions.id, id), eq(sessions.actorId, actorId)));
  return ended.length > 0;
};

/** Ends the actor's live sessions, but for one to keep; answers how many. */
export const endSessionsOf = async (
  tx: Tx,
  { actorId, keepId, ...end }: End & { readonly actorId: string; readonly keepId: string | null },
): Promise<number> => {
  const isAnother = keepId === null ? undefined : ne(sessions.id, keepId);
  const ended = await endWhere(tx, end, and(eq(sessions.actorId, actorId), isAnother));
  return ended.length;
};

/** Ends the actor's longest unused sessions beyond the number that one may have. */
export const endSurplusSessions = async (tx: Tx, actorId: string, now: Date): Promise<void> => {
  const surplus = tx
    .select({ id: sessions.id })
    .from(sessions)
    .where(and(eq(sessions.actorId, actorId), isLive(now)))
    .orderBy(desc(sessions.rotatedAt), desc(sessions.id))
    .offset(maxSessionsPerActor);
  await endWhere(tx, { now, reason: 'too_many_sessions' }, inArray(sessions.id, surplus));
};

type OwnSessions = {
  readonly actorId: string;
  readonly now: Date;
  readonly before: string | null;
  readonly limit: number;
};

/** The actor's live sessions, youngest first; those older than `before`, if it is given. */
export const listLiveSessions = (db: Db, { actorId, now, before, limit }: OwnSessions) =>
  db
    .select({
      id: sessions.id,
      method: sessions.method,
      userAgent: sessions.userAgent,
      address: sessions.address,
      createdAt: isoText(sessions.createdAt),
      lastUsedAt: isoText(sessions.rotatedAt),
      expiresAt: isoText(sessions.idleExpiresAt),
    })
    .from(sessions)
    .where(and(eq(sessions.actorId, actorId), isLive(now), before === null ? undefined : lt(sessions.id, before)))
    .orderBy(desc(sessions.id))
    .limit(limit);
