import { createHmac, timingSafeEqual } from 'node:crypto';

import { parse as parseUuid, stringify as formatUuid } from 'uuid';

import { decodeBase64url } from './base64url.ts';

/** What a refresh token says: the session, and the number of the token in it (unsigned, 32 bits). */
export type RefreshClaims = { readonly sessionId: string; readonly counter: number };

const prefix = 'ar1.';
const uuidBytes = 16;
const claimsBytes = uuidBytes + 4;
const macBytes = 32;

/** `ar1.` and base64url of session id, counter (big-endian) and HMAC-SHA256 of both. */
export const formatRefreshToken = (key: Buffer, { sessionId, counter }: RefreshClaims): string => {
  const claims = Buffer.alloc(claimsBytes);
  claims.set(parseUuid(sessionId));
  claims.writeUInt32BE(counter, uuidBytes);
  return prefix + Buffer.concat([claims, macOf(key, claims)]).toString('base64url');
};

/** Null unless the token is one that `formatRefreshToken` made with this key. */
export const parseRefreshToken = (key: Buffer, token: string): RefreshClaims | null => {
  const bytes = token.startsWith(prefix) ? decodeBase64url(token.slice(prefix.length)) : null;
  if (bytes?.length !== claimsBytes + macBytes) return null;
  const claims = bytes.subarray(0, claimsBytes);
  if (!timingSafeEqual(bytes.subarray(claimsBytes), macOf(key, claims))) return null;
  return { sessionId: formatUuid(claims.subarray(0, uuidBytes)), counter: claims.readUInt32BE(uuidBytes) };
};

const macOf = (key: Buffer, claims: Uint8Array): Buffer => createHmac('sha256', key).update(claims).digest();
