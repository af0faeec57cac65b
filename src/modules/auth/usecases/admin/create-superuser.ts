import { z } from 'zod';

import type { Tx } from '#kernel/database/database.ts';
import { newId } from '#kernel/ids.ts';
import { type CommandCtx, type Fail, manualCommand } from '#kernel/usecase.ts';
import type { AuthDeps } from '../../deps.ts';
import { isLoginName, normaliseLogin } from '../../domain/login.ts';
import { findPasswordWeakness, maxPasswordLength } from '../../domain/password.ts';
import {
  type Candidate,
  findActorByLogin,
  insertSuperuser,
  lockActor,
  updatePassword,
  updateToSuperuser,
} from '../../store/actors.ts';
import { endSessionsOf } from '../../store/sessions.ts';

const errors = { ADMIN_EXISTS: 'conflict', WEAK_PASSWORD: 'invalid' } as const;

const outcomes = ['created', 'promoted', 'password_reset', 'unchanged'] as const;
type Outcome = (typeof outcomes)[number];

const sentences = {
  created: 'is a superuser now.',
  promoted: 'was an admin and is a superuser now.',
  password_reset: 'is a superuser with a new password; every session of it ended.',
  unchanged: 'is a superuser already; nothing was changed.',
} as const satisfies Record<Outcome, string>;

/** @see docs/modules/auth/usecases/create-superuser.md */
export const createSuperuser = (deps: AuthDeps) =>
  manualCommand({
    operationId: 'create-superuser',
    summary: 'Create an administrator who may do everything',
    usage: 'auth create-superuser',
    input: z.object({
      username: z
        .string()
        .transform(normaliseLogin)
        .refine(isLoginName, 'must be 3 to 50 of a-z, 0-9, dot, underscore, hyphen')
        .describe('3 to 50 of a-z, 0-9, dot, underscore, hyphen'),
      email: z.email().optional().describe('E-mail address of a new superuser'),
      promote: z.boolean().default(false).describe('Make an existing admin a superuser'),
      resetPassword: z.boolean().default(false).describe('Give an existing superuser a new password'),
    }),
    secrets: { password: 'Password of the superuser' },
    output: z.object({ changed: z.boolean(), outcome: z.enum(outcomes), username: z.string() }),
    errors,
    render: ({ outcome, username }) => `${username} ${sentences[outcome]}`,

    async execute(ctx, input, fail) {
      const { username } = input;
      const existing = await findActorByLogin(deps.kernel.database.lanes, { type: 'admin', login: username });
      const request: Request = { ...input, email: input.email ?? null, fail };
      const outcome = await (existing === null
        ? create(deps, ctx, request)
        : change(deps, ctx, { ...request, existing }));
      return { changed: outcome !== 'unchanged', outcome, username };
    },
  });

type Request = {
  readonly username: string;
  readonly email: string | null;
  readonly promote: boolean;
  readonly resetPassword: boolean;
  readonly fail: Fail<keyof typeof errors>;
};

const create = async (deps: AuthDeps, ctx: CommandCtx, request: Request): Promise<Outcome> => {
  const { username, email, fail } = request;
  const passwordHash = await askForPassword(deps, ctx, request);
  const id = newId();
  return ctx.transaction(async (tx) => {
    if (await insertSuperuser(tx, { id, login: username, displayName: username, email, passwordHash })) {
      await ctx.audit(tx, { subject: `actor:${id}`, after: { type: 'admin', login: username, isSuperuser: true } });
      return 'created';
    }
    // Somebody was faster. Its statement has committed, or the insert would still wait for it.
    const winner = await findActorByLogin(tx, { type: 'admin', login: username });
    if (winner?.isSuperuser) return 'unchanged';
    throw adminExists(username, fail);
  });
};

type Change = Request & { readonly existing: Candidate };

const change = async (deps: AuthDeps, ctx: CommandCtx, request: Change): Promise<Outcome> => {
  const { username, promote, resetPassword, existing, fail } = request;
  if (!existing.isSuperuser && !promote) throw adminExists(username, fail);
  if (existing.isSuperuser && !resetPassword) return 'unchanged';
  // Who has no password cannot sign in: a superuser must be able to.
  const needsPassword = resetPassword || existing.passwordHash === null;
  const passwordHash = needsPassword ? await askForPassword(deps, ctx, request) : null;

  return ctx.transaction(async (tx) => {
    const actor = await lockActor(tx, existing.id);
    if (actor === null) throw new Error(`the admin ${username} was deleted meanwhile`);
    const now = deps.kernel.now();
    if (!actor.isSuperuser) await updateToSuperuser(tx, actor.id, now);
    if (passwordHash !== null) await resetPasswordOf(tx, actor.id, { passwordHash, now });
    await ctx.audit(tx, {
      subject: `actor:${actor.id}`,
      before: { isSuperuser: actor.isSuperuser },
      after: { isSuperuser: true, hasNewPassword: passwordHash !== null },
    });
    if (!actor.isSuperuser) return 'promoted';
    // Somebody else may have promoted it since we looked.
    return passwordHash === null ? 'unchanged' : 'password_reset';
  });
};

type Reset = { readonly passwordHash: string; readonly now: Date };

const resetPasswordOf = async (tx: Tx, id: string, { passwordHash, now }: Reset): Promise<void> => {
  await updatePassword(tx, { id, passwordHash, now });
  await endSessionsOf(tx, { actorId: id, keepId: null, now, reason: 'password_reset' });
};

const askForPassword = async (deps: AuthDeps, ctx: CommandCtx, { username, fail }: Request): Promise<string> => {
  const { minLength } = deps.config.password;
  const password = await ctx.secret('password');
  const weakness = findPasswordWeakness(password, { minLength, login: username });
  if (weakness !== null) throw fail('WEAK_PASSWORD', { message: reasons(minLength)[weakness], reason: weakness });
  return deps.hasher.hash(password);
};

const reasons = (minLength: number) => ({
  too_short: `the password is shorter than ${minLength} characters`,
  too_long: `the password is longer than ${maxPasswordLength} characters`,
  made_of_login: 'the password is made of the username or the name of the product',
});

const adminExists = (username: string, fail: Request['fail']) =>
  fail('ADMIN_EXISTS', { message: `${username} is an admin, not a superuser: say --promote to make it one` });
