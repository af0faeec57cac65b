import { inspect } from 'node:util';

import { maskedSecret } from '../config/secret.ts';

/** A secret on its way to where it is needed: whatever prints it, shows `[secret]`. */
export type SecretValue = {
  /** The text itself: hand it to whoever needs it, and keep it nowhere. */
  reveal(): string;
};

export const createSecretValue = (text: string): SecretValue => {
  const masked = () => maskedSecret;
  return Object.freeze({
    reveal: () => text,
    toString: masked,
    toJSON: masked,
    [Symbol.toPrimitive]: masked,
    [inspect.custom]: masked,
  });
};
