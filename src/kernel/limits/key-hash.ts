import { createHmac } from 'node:crypto';

import type { Policy } from './rate.ts';

/** Addresses and logins are personal data, which no store and no dump must show. */
export type KeyHash = (policy: Policy, key: string) => string;

/** `secret`, the same in every process, is asked for when the first key is hashed. */
export const createKeyHash = (secret: () => Buffer): KeyHash => {
  let known: Buffer | null = null;
  return ({ name }, key) => {
    known ??= secret();
    return createHmac('sha256', known).update(`${name}\n${key}`).digest('base64url');
  };
};
