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
const valueAt = headBytes + nonceBytes + dataKeyBytes + tagBytes;

export type Opening =
  | { readonly outcome: 'opened'; readonly plaintext: Buffer }
  | { readonly outcome: 'other_key' }
  | { readonly outcome: 'unreadable' };

export type Sealer = {
  /** Names the master key without telling anything about it: 16 hexadecimal digits. */
  readonly keyId: string;
  /** `context` must be given again to open; it is authenticated, not stored. */
  seal(plaintext: Uint8Array, context: Uint8Array): Buffer;
  open(sealed: Uint8Array, context: Uint8Array): Opening;
  /** The same value under the master key of `to`; null if this one did not seal it, or it was changed. */
  rewrap(sealed: Uint8Array, context: Uint8Array, to: Sealer): Buffer | null;
  /** The head and the wrapped data key of a sealed value. */
  wrap(dataKey: Uint8Array, context: Uint8Array): Buffer;
};

/** Seals with a master key of 32 bytes. */
export const createSealer = (masterKey: Buffer): Sealer => {
  const id = keyIdOf(masterKey);
  const head = Buffer.concat([Buffer.of(format), id]);
  const wrap: Sealer['wrap'] = (dataKey, context) =>
    Buffer.concat([head, encrypt(masterKey, dataKey, Buffer.concat([head, context]))]);
  const unwrap = (sealed: Uint8Array, context: Uint8Array): Buffer | null =>
    head.equals(sealed.subarray(0, headBytes))
      ? decrypt(masterKey, sealed.subarray(headBytes, valueAt), Buffer.concat([head, context]))
      : null;
  return {
    keyId: id.toString('hex'),
    seal: (plaintext, context) => {
      const dataKey = randomBytes(dataKeyBytes);
      return Buffer.concat([wrap(dataKey, context), encrypt(dataKey, plaintext, valueContext(context))]);
    },
    open: (sealed, context) => {
      if (!isSealed(sealed)) return unreadable;
      if (!head.equals(sealed.subarray(0, headBytes))) return { outcome: 'other_key' };
      const dataKey = unwrap(sealed, context);
      if (dataKey === null) return unreadable;
      const plaintext = decrypt(dataKey, sealed.subarray(valueAt), valueContext(context));
      return plaintext === null ? unreadable : { outcome: 'opened', plaintext };
    },
    rewrap: (sealed, context, to) => {
      const dataKey = isSealed(sealed) ? unwrap(sealed, context) : null;
      return dataKey && Buffer.concat([to.wrap(dataKey, context), sealed.subarray(valueAt)]);
    },
    wrap,
  };
};

/** Which master key a value is under, as 16 hexadecimal digits; null if it is no sealed value. */
export const keyIdOfSealed = (sealed: Uint8Array): string | null =>
  isSealed(sealed) ? Buffer.from(sealed.subarray(1, headBytes)).toString('hex') : null;

const isSealed = (sealed: Uint8Array): boolean =>
  sealed.length >= valueAt + nonceBytes + tagBytes && sealed[0] === format;

/** Without the key's id, so that the value stays when its data key is wrapped anew. */
const valueContext = (context: Uint8Array): Buffer => Buffer.concat([Buffer.of(format), context]);

const unreadable: Opening = { outcome: 'unreadable' };

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
