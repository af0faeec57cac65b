import { hkdfSync } from 'node:crypto';

/** One key of 32 bytes per purpose (HKDF-SHA256, RFC 5869), so that a token of one kind is none of another. */
export const deriveKey = (rootSecret: Uint8Array, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', rootSecret, new Uint8Array(0), `ashlar auth ${purpose}`, 32));
