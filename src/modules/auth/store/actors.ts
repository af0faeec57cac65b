import { and, eq, sql } from 'drizzle-orm';

import type { ActorType } from '#kernel/actor.ts';
import type { Db, Tx } from '#kernel/database/database.ts';
import { prepared, type Slots } from '#kernel/database/prepared.ts';
import { actors } from '../schema.ts';

export type ActorRow = typeof actors.$inferSelect;

type Login = { readonly type: ActorType; readonly login: string };

/** An actor that wants to sign in. */
export type Candidate = Pick<
  ActorRow,
  'id' | 'type' | 'login' | 'displayName' | 'status' | 'isSuperuser' | 'passwordHash' | 'epoch'
>;

const candidate = {
  id: actors.id,
  type: actors.type,
  login: actors.login,
  displayName: actors.displayName,
  status: actors.status,
  isSuperuser: actors.isSuperuser,
  passwordHash: actors.passwordHash,
  epoch: actors.epoch,
};

const findByLogin = prepared('auth.find-actor-by-login', (db, value: Slots<Login>) =>
  db
    .select(candidate)
    .from(actors)
    .where(and(eq(actors.type, value.type), eq(actors.login, value.login))),
);

/** `login` normalised. */
export const findActorByLogin = async (db: Db, login: Login): Promise<Candidate | null> => {
  const [row] = await findByLogin(db, login);
  return row ?? null;
};

const lockById = prepared('auth.lock-actor', (db, value: Slots<{ id: string }>) =>
  db.select(candidate).from(actors).where(eq(actors.id, value.id)).for('no key update'),
);

/** Nobody changes the actor, or signs in as it, until the transaction ends. */
export const lockActor = async (tx: Tx, id: string): Promise<Candidate | null> => {
  const [row] = await lockById(tx, { id });
  return row ?? null;
};

type NewSuperuser = Pick<ActorRow, 'id' | 'login' | 'displayName' | 'email' | 'passwordHash'>;

/** False if an admin has the login already. */
export const insertSuperuser = async (tx: Tx, superuser: NewSuperuser): Promise<boolean> => {
  const inserted = await tx
    .insert(actors)
    .values({ ...superuser, type: 'admin', isSuperuser: true })
    .onConflictDoNothing({ target: [actors.type, actors.login] })
    .returning({ id: actors.id });
  return inserted.length > 0;
};

export const updateToSuperuser = async (tx: Tx, id: string, now: Date): Promise<void> => {
  await tx
    .update(actors)
    .set({ isSuperuser: true, updatedAt: now, version: sql`${actors.version} + 1` })
    .where(eq(actors.id, id));
};

type PasswordChange = { readonly id: string; readonly passwordHash: string; readonly now: Date };

/** A new password: access tokens that were issued before are refused. */
export const updatePassword = async (tx: Tx, { id, passwordHash, now }: PasswordChange): Promise<void> => {
  await tx
    .update(actors)
    .set({ passwordHash, updatedAt: now, epoch: sql`${actors.epoch} + 1`, version: sql`${actors.version} + 1` })
    .where(eq(actors.id, id));
};

/** The same password under other parameters: nothing that anybody sees changes. */
export const updatePasswordHash = async (tx: Tx, id: string, passwordHash: string): Promise<void> => {
  await tx.update(actors).set({ passwordHash }).where(eq(actors.id, id));
};
