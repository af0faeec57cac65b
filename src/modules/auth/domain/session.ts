/** How an actor showed who it is. */
export const sessionMethods = ['password'] as const;

export const sessionEndReasons = [
  'logout',
  'ended_by_owner',
  'refresh_reused',
  'too_many_sessions',
  'password_reset',
] as const;
export type SessionEndReason = (typeof sessionEndReasons)[number];

/** Live sessions of one actor; one more ends the longest unused. */
export const maxSessionsPerActor = 50;

/** How often a refresh token that was just replaced is taken for the one that replaced it. */
export const maxGraceUses = 10;

const dayMs = 86_400_000;

export type SessionLifetime = { readonly idleDays: number; readonly absoluteDays: number };

/** When a session that is used now ends by itself; the store never lets the first exceed the second. */
export const sessionExpiry = (now: Date, { idleDays, absoluteDays }: SessionLifetime) => ({
  idleExpiresAt: new Date(now.getTime() + Math.min(idleDays, absoluteDays) * dayMs),
  expiresAt: new Date(now.getTime() + absoluteDays * dayMs),
});
