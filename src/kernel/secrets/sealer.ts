import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';

/*
 * A sealed value, format 1 (AES-256-GCM twice, NIST SP 800-38D):
 *
 *   offset  0  format     1 byte, 0x01
 *           1  key id     8 bytes, which master key wrapped the data key
 *           9  data key  60 bytes, wrapped by the master key: nonce 12, ciphertext 32, tag 16
 *          69  value     28 bytes more than the plaintext, under the data key: nonce 12, ciphertext, tag 16
 *
 * Each value has a data key of its own, so that a change of master key rewraps 60 bytes and leaves the value alone.
 */
const format = 1;
const keyIdBytes = 8;
const nonceBytes = 12;
const tagBytes = 16;
const dataKeyBytes = 32;
const headBytes = 1 + keyIdBytes;
const wrappedBytes = nonceBytes + dataKeyBytes + tagBytes;

export type Opening =
  | { readonly outcome: 'opened'; readonly plaintext: Buffer }
  | { readonly outcome: 'other_key' }
  | { readonly outcome: 'unreadable' };

export type Sealer = {
  /** `context` must be given again to open; it is authenticated, not stored. */
  seal(plaintext: Uint8Array, context: Uint8Array): Buffer;
  open(sealed: Uint8Array, context: Uint8Array): Opening;
};

/** Seals with a master key of 32 bytes. */
export const createSealer = (masterKey: Buffer): Sealer => {
  const head = Buffer.concat([Buffer.of(format), keyIdOf(masterKey)]);
  return {
    seal: (plaintext, context) => {
      const dataKey = randomBytes(dataKeyBytes);
      const wrapped = encrypt(masterKey, dataKey, Buffer.concat([head, context]));
      return Buffer.concat([head, wrapped, encrypt(dataKey, plaintext, Buffer.concat([head.subarray(0, 1), context]))]);
    },
    open: (sealed, context) => {
      if (sealed.length < headBytes + wrappedBytes + nonceBytes + tagBytes || sealed[0] !== format) return unreadable;
      if (!head.equals(sealed.subarray(0, headBytes))) return { outcome: 'other_key' };
      const wrapped = sealed.subarray(headBytes, headBytes + wrappedBytes);
      const dataKey = decrypt(masterKey, wrapped, Buffer.concat([head, context]));
      if (dataKey === null) return unreadable;
      const value = sealed.subarray(headBytes + wrappedBytes);
      const plaintext = decrypt(dataKey, value, Buffer.concat([head.subarray(0, 1), context]));
      return plaintext === null ? unreadable : { outcome: 'opened', plaintext };
    },
  };
};

const unreadable: Opening = { outcome: 'unreadable' };

/** Names a key without telling anything about it. */
const keyIdOf = (masterKey: Buffer): Buffer =>
  createHmac('sha256', masterKey).update('ashlar master key id').digest().subarray(0, keyIdBytes);

const encrypt = (key: Buffer, plaintext: Uint8Array, context: Uint8Array): Buffer => {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes }).setAAD(context);
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
};

/** Null if the tag does not fit. */
const decrypt = (key: Buffer, sealed: Uint8Array, context: Uint8Array): Buffer | null => {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes });
  decipher.setAAD(context).setAuthTag(sealed.subarray(-tagBytes));
  const plaintext = decipher.update(sealed.subarray(nonceBytes, -tagBytes));
  try {
    return Buffer.concat([plaintext, decipher.final()]);
  } catch {
    // What `final` throws says only that the tag does not fit: the caller's answer.
    return null;
  }
};
