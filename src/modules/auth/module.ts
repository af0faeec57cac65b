import { processEnvironment } from '#kernel/config/process-environment.ts';
import type { SessionResolver } from '#kernel/http/layers/session.ts';
import type { Kernel } from '#kernel/kernel.ts';
import type { Module } from '#kernel/module.ts';
import type { UseCase } from '#kernel/usecase.ts';
import type { AuthConfig } from './config.ts';
import type { AuthDeps } from './deps.ts';
import { createAuthMetrics } from './logic/auth-metrics.ts';
import { hashConcurrency } from './logic/hash-concurrency.ts';
import { createHashGate } from './logic/hash-gate.ts';
import { createKeyring, sealedTables } from './logic/keyring.ts';
import { createPasswordHasher } from './logic/password-hasher.ts';
import { createSessionResolver } from './logic/session-resolver.ts';
import { createTokens } from './logic/tokens.ts';
import { createSuperuser } from './usecases/admin/create-superuser.ts';
import { getJwks } from './usecases/keys/get-jwks.ts';
import { getMe } from './usecases/profile/get-me.ts';
import { adminLogin } from './usecases/session/admin-login.ts';
import { endMyOtherSessions } from './usecases/session/end-my-other-sessions.ts';
import { endMySession } from './usecases/session/end-my-session.ts';
import { getMySessions } from './usecases/session/get-my-sessions.ts';
import { logout } from './usecases/session/logout.ts';
import { refreshSession } from './usecases/session/refresh-session.ts';

type Given = {
  readonly kernel: Pick<Kernel, 'database' | 'secrets' | 'metrics' | 'now'>;
  readonly config: AuthConfig;
};

/** Longest line of sign-ins that wait to be hashed, and for how long one waits. */
const hashLine = { maxWaiting: 64, maxWaitMs: 2000 };

const usecases: readonly ((deps: AuthDeps) => UseCase)[] = [
  adminLogin,
  createSuperuser,
  endMyOtherSessions,
  endMySession,
  getJwks,
  getMe,
  getMySessions,
  logout,
  refreshSession,
];

export const createAuthModule = (given: Given): Module & { readonly sessions: SessionResolver } => {
  const deps = createDeps(given);
  return {
    name: 'auth',
    portal: null,
    // Who is not signed in yet may send no more: it is read before it is known to be good.
    bodyLimitBytes: 65_536,
    sessions: createSessionResolver(deps),
    usecases: usecases.map((create) => create(deps)),
    sealed: sealedTables,
    start: () => deps.keyring.load(),
  };
};

const createDeps = ({ kernel, config }: Given): AuthDeps => {
  const { memoryKiB, iterations, hashConcurrency: setting } = config.password;
  const gate = createHashGate({ ...hashLine, places: hashConcurrency(setting, processEnvironment()) });
  const metrics = createAuthMetrics(kernel.metrics, gate);
  const observe = (seconds: number) => metrics.hashSeconds.observe({}, seconds);
  const keyring = createKeyring(kernel);
  return {
    kernel,
    config,
    metrics,
    keyring,
    hasher: createPasswordHasher({ memoryKiB, iterations, gate, observe }),
    tokens: createTokens(keyring, config.tokens),
  };
};
