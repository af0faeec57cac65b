import { errors, jwtVerify, type JWTVerifyGetKey, SignJWT } from 'jose';
import { z } from 'zod';

import { actorTypes } from '#kernel/actor.ts';
import { kernelError } from '#kernel/error.ts';
import { newId } from '#kernel/ids.ts';
import type { AccessClaims } from '../domain/access-claims.ts';
import { decodeBase64url } from '../domain/base64url.ts';
import { formatRefreshToken, parseRefreshToken, type RefreshClaims } from '../domain/refresh-token.ts';
import type { SessionGrant } from '../store/sessions.ts';
import type { Keyring } from './keyring.ts';

/** What a client gets; times are ISO 8601. */
export type TokenPair = {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly accessTokenExpiresAt: string;
  /** Unless it is refreshed before. */
  readonly refreshTokenExpiresAt: string;
};

export type Tokens = {
  /** The tokens that are current for the session; both end with it at the latest. */
  issue(session: SessionGrant, now: Date): Promise<TokenPair>;
  /** Throws UNAUTHENTICATED unless the access token is ours, TOKEN_EXPIRED if it is too old. */
  readAccess(token: string, now: Date): Promise<AccessClaims>;
  /** Null unless the refresh token is ours. */
  readRefresh(token: string): RefreshClaims | null;
};

type TokensConfig = { readonly issuer: string; readonly audience: string; readonly accessTtlSeconds: number };

/** How far the clocks of two of our machines may be apart. */
export const clockSkewSeconds = 30;

const alg = 'Ed25519';
/** RFC 9068 */
const typ = 'at+jwt';
const maxAccessTokenLength = 4096;

const payloadShape = z.object({
  sub: z.uuid(),
  sid: z.uuid(),
  at: z.enum(actorTypes),
  ep: z.int(),
  exp: z.int(),
  auth_time: z.int(),
});

export const createTokens = (keyring: Keyring, config: TokensConfig): Tokens => {
  const { issuer, audience } = config;

  const findKey: JWTVerifyGetKey = ({ kid = '' }) => {
    const key = keyring.keys.verifying.get(kid);
    if (key === undefined) throw new errors.JWKSNoMatchingKey();
    return key;
  };

  const verify = async (token: string, currentDate: Date): Promise<AccessClaims> => {
    const options = { algorithms: [alg], typ, issuer, audience, clockTolerance: clockSkewSeconds, currentDate };
    const { payload } = await jwtVerify(token, findKey, options);
    return toClaims(payloadShape.parse(payload));
  };

  return {
    issue: async (session, now) => {
      const issuedAt = toSeconds(now);
      const expiresAt = Math.min(issuedAt + config.accessTtlSeconds, toSeconds(session.expiresAt));
      const { kid, key } = keyring.keys.signing;
      const accessToken = await new SignJWT({ ...toPayload(session), jti: newId(), iat: issuedAt, exp: expiresAt })
        .setProtectedHeader({ alg, typ, kid })
        .setIssuer(issuer)
        .setAudience(audience)
        .sign(key);
      return {
        accessToken,
        refreshToken: formatRefreshToken(keyring.keys.refresh, session),
        accessTokenExpiresAt: new Date(expiresAt * 1000).toISOString(),
        refreshTokenExpiresAt: session.idleExpiresAt.toISOString(),
      };
    },
    readAccess: async (token, now) => {
      if (!isCanonical(token)) throw kernelError('UNAUTHENTICATED');
      try {
        return await verify(token, now);
      } catch (cause) {
        if (cause instanceof errors.JWTExpired) throw kernelError('TOKEN_EXPIRED', { cause });
        if (cause instanceof errors.JOSEError || cause instanceof z.ZodError)
          throw kernelError('UNAUTHENTICATED', { cause });
        throw cause;
      }
    },
    readRefresh: (token) => parseRefreshToken(keyring.keys.refresh, token),
  };
};

const toSeconds = (time: Date): number => Math.floor(time.getTime() / 1000);

const toPayload = ({ sessionId, actorId, actorType, epoch, amr, authenticatedAt }: SessionGrant) => ({
  sub: actorId,
  sid: sessionId,
  at: actorType,
  ep: epoch,
  amr,
  auth_time: toSeconds(authenticatedAt),
});

const toClaims = ({ sub, sid, at, ep, exp, auth_time }: z.output<typeof payloadShape>): AccessClaims => ({
  actorId: sub,
  actorType: at,
  sessionId: sid,
  epoch: ep,
  authenticatedAt: new Date(auth_time * 1000),
  expiresAtMs: exp * 1000,
});

/** Otherwise one token has many spellings: base64 has bits to spare, and the signature does not cover its own. */
const isCanonical = (token: string): boolean => {
  if (token.length > maxAccessTokenLength) return false;
  const parts = token.split('.');
  return parts.length === 3 && parts.every((part) => part !== '' && decodeBase64url(part) !== null);
};
