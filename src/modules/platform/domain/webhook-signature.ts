import { createHmac } from 'node:crypto';

/**
 * `t=<seconds since 1970>,v1=<hex>`: HMAC-SHA-256 of `<t>.<body>`. The receiver computes the same over the bytes that
 * it got, compares in constant time, and refuses what is older than it likes.
 */
export const signWebhook = (key: string, body: string, at: Date): string => {
  const seconds = Math.floor(at.getTime() / 1000);
  return `t=${seconds},v1=${createHmac('sha256', key).update(`${seconds}.${body}`).digest('hex')}`;
};
