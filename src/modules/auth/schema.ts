import { sql } from 'drizzle-orm';
import {
  boolean,
  check,
  customType,
  foreignKey,
  index,
  integer,
  jsonb,
  pgSchema,
  text,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';

import { actorTypes } from '#kernel/actor.ts';
import { createdAt, id, instant } from '#kernel/database/columns.ts';
import { actorStatuses } from './domain/actor.ts';
import { sessionEndReasons, sessionMethods } from './domain/session.ts';
import { type PublicJwk, signingKeyStates } from './domain/signing-key.ts';

export const auth = pgSchema('auth');

const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' });

export const actors = auth.table(
  'actors',
  {
    id: id(),
    type: text({ enum: actorTypes }).notNull(),
    /** A user's e-mail address, an admin's username, a service account's name; normalised. */
    login: text().notNull(),
    displayName: text().notNull(),
    email: text(),
    emailVerifiedAt: instant(),
    status: text({ enum: actorStatuses }).notNull().default('active'),
    isSuperuser: boolean().notNull().default(false),
    /** argon2id in PHC form; null: no password signs in. */
    passwordHash: text(),
    locale: text(),
    timezone: text(),
    /** Raised to refuse every access token that was issued before. */
    epoch: integer().notNull().default(0),
    version: integer().notNull().default(1),
    createdAt: createdAt(),
    updatedAt: instant().notNull().defaultNow(),
  },
  (table) => [
    check('actors_type_check', sql`${table.type} in ('user', 'admin', 'service_acc')`),
    check('actors_status_check', sql`${table.status} in ('active', 'disabled')`),
    check('actors_superuser_is_admin_check', sql`not ${table.isSuperuser} or ${table.type} = 'admin'`),
    check('actors_login_normalised_check', sql`${table.login} = lower(${table.login}) and ${table.login} <> ''`),
    unique('actors_type_login_key').on(table.type, table.login),
    unique('actors_id_type_key').on(table.id, table.type),
  ],
);

export const sessions = auth.table(
  'sessions',
  {
    id: id(),
    actorId: uuid().notNull(),
    /** Number of the refresh token that is current. */
    counter: integer().notNull().default(0),
    /** When the current refresh token was issued: the last use. */
    rotatedAt: instant().notNull(),
    /** How often the refresh token before the current one was taken for it. */
    graceUses: integer().notNull().default(0),
    method: text({ enum: sessionMethods }).notNull(),
    /** Authentication Methods References (RFC 8176). */
    amr: text().array().notNull(),
    userAgent: text(),
    address: text(),
    authenticatedAt: instant().notNull(),
    /** Never after `expiresAt`: whoever looks at it has looked at both. */
    idleExpiresAt: instant().notNull(),
    expiresAt: instant().notNull(),
    endedAt: instant(),
    endReason: text({ enum: sessionEndReasons }),
    createdAt: createdAt(),
  },
  (table) => [
    foreignKey({ name: 'sessions_actor_id_fkey', columns: [table.actorId], foreignColumns: [actors.id] }).onDelete(
      'cascade',
    ),
    check('sessions_method_check', sql`${table.method} in ('password')`),
    check('sessions_counter_check', sql`${table.counter} >= 0`),
    check('sessions_expiry_check', sql`${table.idleExpiresAt} <= ${table.expiresAt}`),
    check('sessions_end_check', sql`(${table.endedAt} is null) = (${table.endReason} is null)`),
    check(
      'sessions_end_reason_check',
      sql`${table.endReason} in ('logout', 'ended_by_owner', 'refresh_reused', 'too_many_sessions', 'password_reset')`,
    ),
    index('sessions_actor_id_idx')
      .on(table.actorId, table.rotatedAt)
      .where(sql`${table.endedAt} is null`),
    index('sessions_expires_at_idx').on(table.expiresAt),
  ],
);

export const signingKeys = auth.table(
  'signing_keys',
  {
    kid: text().primaryKey(),
    alg: text({ enum: ['Ed25519'] }).notNull(),
    publicJwk: jsonb().$type<PublicJwk>().notNull(),
    /** The private JWK, sealed with the kid as its place. */
    privateSealed: bytes().notNull(),
    state: text({ enum: signingKeyStates }).notNull(),
    createdAt: instant().notNull(),
    /** Null while the key is `next`. */
    activatedAt: instant(),
  },
  (table) => [
    check('signing_keys_alg_check', sql`${table.alg} in ('Ed25519')`),
    check('signing_keys_state_check', sql`${table.state} in ('next', 'active', 'retiring')`),
    check('signing_keys_activation_check', sql`(${table.state} = 'next') = (${table.activatedAt} is null)`),
    uniqueIndex('signing_keys_active_key')
      .on(table.state)
      .where(sql`${table.state} = 'active'`),
    uniqueIndex('signing_keys_next_key')
      .on(table.state)
      .where(sql`${table.state} = 'next'`),
  ],
);

/** One row. */
export const rootSecret = auth.table(
  'root_secret',
  {
    id: integer().primaryKey().default(1),
    sealed: bytes().notNull(),
    createdAt: createdAt(),
  },
  (table) => [check('root_secret_one_row_check', sql`${table.id} = 1`)],
);
