import { z } from 'zod';

import type { Tx } from '#kernel/database/database.ts';
import { type Ctx, userAction } from '#kernel/usecase.ts';
import type { AuthDeps } from '../../deps.ts';
import type { RefreshClaims } from '../../domain/refresh-token.ts';
import { judgeReplay } from '../../domain/replayed-refresh.ts';
import { sessionExpiry } from '../../domain/session.ts';
import type { TokenPair } from '../../logic/tokens.ts';
import { endSession, findSessionState, lockSession, rotateSession, updateGraceUses } from '../../store/sessions.ts';

const refusals = {
  invalid: 'INVALID_REFRESH_TOKEN',
  spent: 'INVALID_REFRESH_TOKEN',
  ended: 'SESSION_ENDED',
  reused: 'REFRESH_REUSED',
} as const;

type Refreshed =
  | { readonly outcome: 'rotated' | 'repeated'; readonly pair: TokenPair }
  | { readonly outcome: keyof typeof refusals };

/** Null if it is not a token of ours: then it says nothing about any session. */
const sessionOf =
  ({ tokens }: AuthDeps) =>
  (refreshToken: string) =>
    tokens.readRefresh(refreshToken)?.sessionId ?? null;

/** @see docs/modules/auth/usecases/refresh-session.md */
export const refreshSession = (deps: AuthDeps) =>
  userAction({
    operationId: 'refresh-session',
    summary: 'Trade a refresh token for the next one and a new access token',
    access: 'POST /api/v1/auth/refresh',
    actors: 'anonymous',
    permissions: [],
    rate: {
      key: { field: 'refreshToken', subject: sessionOf(deps) },
      limit: 20,
      perSeconds: 60,
      burst: 20,
      store: 'local',
    },
    input: z.object({ refreshToken: z.string().min(1).max(200) }),
    output: z.object({
      accessToken: z.string(),
      refreshToken: z.string(),
      accessTokenExpiresAt: z.iso.datetime(),
      refreshTokenExpiresAt: z.iso.datetime(),
    }),
    errors: {
      INVALID_REFRESH_TOKEN: 'unauthenticated',
      SESSION_ENDED: 'unauthenticated',
      REFRESH_REUSED: 'unauthenticated',
    },

    async execute(ctx, { refreshToken }, fail) {
      const count = (outcome: Refreshed['outcome']) => deps.metrics.refreshes.add({ outcome });
      const refuse = (outcome: keyof typeof refusals) => {
        count(outcome);
        return fail(refusals[outcome]);
      };
      const claims = deps.tokens.readRefresh(refreshToken);
      if (claims === null) throw refuse('invalid');
      const result = await ctx.transaction(async (tx) => {
        const refreshed = await refresh(deps, { ctx, tx, claims });
        // Only what ended the session must be committed.
        if (refreshed.outcome === 'ended' || refreshed.outcome === 'spent') throw refuse(refreshed.outcome);
        return refreshed;
      });
      if (!('pair' in result)) throw refuse(result.outcome);
      count(result.outcome);
      return result.pair;
    },
  });

type Refresh = { readonly ctx: Ctx; readonly tx: Tx; readonly claims: RefreshClaims };

const refresh = async (deps: AuthDeps, { ctx, tx, claims }: Refresh): Promise<Refreshed> => {
  const { config, kernel, tokens } = deps;
  const { sessionId, counter } = claims;
  const now = kernel.now();
  const { idleExpiresAt } = sessionExpiry(now, config.tokens);
  const [rotated] = await rotateSession(tx, { id: sessionId, counter, now, idleExpiresAt });
  if (rotated !== undefined) {
    await ctx.audit(tx, { subject: `session:${sessionId}`, after: { refreshes: counter + 1 } });
    return { outcome: 'rotated', pair: await tokens.issue(rotated, now) };
  }

  await lockSession(tx, sessionId);
  const session = await findSessionState(tx, sessionId, now);
  if (session === null) return { outcome: 'ended' };
  const verdict = judgeReplay({ counter, session, now, graceSeconds: config.tokens.refreshGraceSeconds });
  if (verdict === 'repeat') {
    await updateGraceUses(tx, sessionId);
    await ctx.audit(tx, { subject: `session:${sessionId}`, after: { repeatedRefresh: counter } });
    return { outcome: 'repeated', pair: await tokens.issue(session, now) };
  }
  if (verdict === 'reused') {
    const { actorId } = session;
    await endSession(tx, { id: sessionId, actorId, now, reason: 'refresh_reused' });
    await ctx.audit(tx, { subject: `session:${sessionId}`, after: { actorId, endReason: 'refresh_reused' } });
  }
  return { outcome: verdict };
};
