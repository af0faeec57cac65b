import { z } from 'zod';

import { toAppError } from '#kernel/error.ts';
import { type Ctx, type Fail, userAction } from '#kernel/usecase.ts';
import type { AuthDeps } from '../../deps.ts';
import { normaliseLogin } from '../../domain/login.ts';
import { type SignedIn, signedInShape, toSignedIn } from '../../logic/signed-in.ts';
import { startSession } from '../../logic/start-session.ts';
import { type Candidate, findActorByLogin, lockActor, updatePasswordHash } from '../../store/actors.ts';

const errors = {
  INVALID_CREDENTIALS: 'unauthenticated',
  ACTOR_DISABLED: 'forbidden',
  SIGN_IN_BUSY: 'unavailable',
} as const;

/** @see docs/modules/auth/usecases/admin-login.md */
export const adminLogin = (deps: AuthDeps) =>
  userAction({
    operationId: 'admin-login',
    summary: 'Sign an administrator in with username and password',
    access: 'POST /api/v1/auth/admin-login',
    actors: 'anonymous',
    permissions: [],
    rate: { key: 'address', limit: 30, perSeconds: 60, burst: 30, store: 'shared' },
    input: z.object({
      username: z.string().min(1).max(200),
      password: z.string().min(1).max(1024),
    }),
    output: signedInShape(),
    errors,

    async execute(ctx, { username, password }, fail) {
      const count = (outcome: string) => deps.metrics.signIns.add({ method: 'password', outcome });
      const attempt: Attempt = { ctx, login: normaliseLogin(username), password, fail };
      try {
        const answer = await openSession(deps, attempt, await verifyPassword(deps, attempt));
        count('signed_in');
        return answer;
      } catch (thrown) {
        count(toAppError(thrown).code.toLowerCase());
        throw thrown;
      }
    },
  });

type Attempt = {
  readonly ctx: Ctx;
  readonly login: string;
  readonly password: string;
  readonly fail: Fail<keyof typeof errors>;
};

/** What the password was right for, and its new hash if the old one was made with other parameters. */
type Verified = { readonly candidate: Candidate; readonly rehashed: string | null };

const verifyPassword = async (deps: AuthDeps, { login, password, fail }: Attempt): Promise<Verified> => {
  const { kernel, hasher } = deps;
  const candidate = await findActorByLogin(kernel.database.lanes, { type: 'admin', login });
  const verdict = await hasher.verify(candidate?.passwordHash ?? null, password);
  if (verdict === null) throw fail('SIGN_IN_BUSY', { retryAfterSeconds: 2 });
  if (candidate === null || !verdict.isRight) throw fail('INVALID_CREDENTIALS');
  if (candidate.status !== 'active') throw fail('ACTOR_DISABLED');
  return { candidate, rehashed: verdict.needsRehash ? await hasher.hash(password) : null };
};

const openSession = (deps: AuthDeps, attempt: Attempt, { candidate, rehashed }: Verified): Promise<SignedIn> => {
  const { kernel, config, tokens } = deps;
  const { ctx, fail } = attempt;
  return ctx.transaction(async (tx) => {
    const actor = await lockActor(tx, candidate.id);
    // While the password was hashed, it or the account may have changed.
    if (actor?.passwordHash !== candidate.passwordHash) throw fail('INVALID_CREDENTIALS');
    if (actor.status !== 'active') throw fail('ACTOR_DISABLED');
    if (rehashed !== null) await updatePasswordHash(tx, actor.id, rehashed);

    const now = kernel.now();
    const { origin } = ctx;
    const session = await startSession(tx, {
      actor,
      method: 'password',
      amr: ['pwd'],
      origin,
      lifetime: config.tokens,
      now,
    });
    await ctx.audit(tx, { subject: `actor:${actor.id}`, after: { sessionId: session.sessionId } });
    return toSignedIn(actor, session, await tokens.issue(session, now));
  });
};
