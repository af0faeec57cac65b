import type { ActorType } from '#kernel/actor.ts';

/** What an access token says. */
export type AccessClaims = {
  readonly actorId: string;
  readonly actorType: ActorType;
  readonly sessionId: string;
  /** The actor's epoch when the token was issued. */
  readonly epoch: number;
  readonly authenticatedAt: Date;
  /** In milliseconds since 1970. */
  readonly expiresAtMs: number;
};
