export const actorTypes = ['user', 'admin', 'service_acc'] as const;
export type ActorType = (typeof actorTypes)[number];

/** A right that a role or an actor may be given. A module's permissions stand in its portal. */
export type Permission = {
  /** `module:verb-noun` */
  readonly name: string;
  /** One sentence for the person who grants it. */
  readonly description: string;
  /** Who may hold it. */
  readonly actorTypes: readonly ActorType[];
};

/** Who acts, resolved from a credential for one request. Anonymous is null, never an Actor. */
export type Actor = {
  readonly type: ActorType;
  readonly id: string;
  /** Null for an actor that came by a key instead of a session. */
  readonly sessionId: string | null;
  readonly credentialId: string | null;
  readonly method: 'session' | 'api_key' | 'client_credentials';
  /** Implies every permission. */
  readonly isSuperuser: boolean;
  /** While set, only heads marked `restricted` let the actor pass. */
  readonly restriction: null | 'password_change' | 'mfa_enrolment';
  readonly authenticatedAt: Date;
  readonly permissions: ReadonlySet<string>;
};

export const hasPermission = (actor: Actor, permission: string): boolean =>
  actor.isSuperuser || actor.permissions.has(permission);
