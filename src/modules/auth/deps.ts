import type { Kernel } from '#kernel/kernel.ts';
import type { AuthConfig } from './config.ts';
import type { AuthMetrics } from './logic/auth-metrics.ts';
import type { Keyring } from './logic/keyring.ts';
import type { PasswordHasher } from './logic/password-hasher.ts';
import type { Tokens } from './logic/tokens.ts';

export type AuthDeps = {
  readonly kernel: Pick<Kernel, 'database' | 'now'>;
  readonly config: AuthConfig;
  readonly hasher: PasswordHasher;
  readonly keyring: Keyring;
  readonly tokens: Tokens;
  readonly metrics: AuthMetrics;
};
