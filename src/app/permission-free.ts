/**
 * Operations that need a session and no permission: they act on the actor alone. Whatever is neither anonymous, nor
 * declares a permission, nor stands here stops the start.
 */
export const permissionFree: readonly string[] = [
  'auth.get-me',
  'auth.get-my-sessions',
  'auth.end-my-session',
  'auth.end-my-other-sessions',
  'auth.logout',
];

/** Operations that read no credential at all. Each one more is a door: a test holds the list against the heads. */
export const anonymous: readonly string[] = ['auth.admin-login', 'auth.get-jwks', 'auth.refresh-session'];
