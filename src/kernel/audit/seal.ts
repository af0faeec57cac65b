import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';

/** One link of the chain: what it says of the events of one month whose transactions are in `[fromXid, toXid)`. */
export type SealContent = {
  /** From 1, without a gap. */
  readonly seq: number;
  /** `2026-11` */
  readonly month: string;
  readonly fromXid: string;
  readonly toXid: string;
  readonly count: number;
  readonly root: Buffer;
  /** `headOf` the seal before; 32 zero bytes for the first. */
  readonly previous: Buffer;
  readonly keyId: string;
  /** ISO 8601 with milliseconds. */
  readonly at: string;
};

export type Seal = SealContent & { readonly signature: Buffer };

export const firstPrevious = Buffer.alloc(32);

/** The bytes that are signed: a JSON array, so that every language can make them again. */
const signedText = (seal: SealContent): string =>
  JSON.stringify([
    'ashlar audit seal 1',
    seal.seq,
    seal.month,
    seal.fromXid,
    seal.toXid,
    seal.count,
    seal.root.toString('hex'),
    seal.previous.toString('hex'),
    seal.keyId,
    seal.at,
  ]);

/** SHA-256 of what was signed: the next seal holds it, and with it everything before. */
export const headOf = (seal: SealContent): Buffer => hash('sha256', signedText(seal), 'buffer');

export type SigningKey = { readonly id: string; readonly privateKey: KeyObject; readonly publicKey: Buffer };

/** Ed25519 (RFC 8032): the same content has the same signature. */
export const signSeal = (content: SealContent, { privateKey }: SigningKey): Seal => ({
  ...content,
  signature: sign(null, Buffer.from(signedText(content)), privateKey),
});

export const isSignedBy = (seal: Seal, publicKey: KeyObject): boolean =>
  verify(null, Buffer.from(signedText(seal)), publicKey, seal.signature);

/** The first 16 hex digits of the SHA-256 of the 32 bytes. */
export const keyIdOf = (publicKey: Uint8Array): string =>
  createHash('sha256').update(publicKey).digest('hex').slice(0, 16);

/** `privateDer` is PKCS #8. */
export const generateSigningKey = (): SigningKey & { readonly privateDer: Buffer } => {
  const { privateKey } = generateKeyPairSync('ed25519');
  return { ...toSigningKey(privateKey), privateDer: privateKey.export({ type: 'pkcs8', format: 'der' }) };
};

export const readSigningKey = (privateDer: Buffer): SigningKey =>
  toSigningKey(createPrivateKey({ key: privateDer, type: 'pkcs8', format: 'der' }));

const toSigningKey = (privateKey: KeyObject): SigningKey => {
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  const publicKey = Buffer.from(x, 'base64url');
  return { id: keyIdOf(publicKey), privateKey, publicKey };
};

/** From its 32 bytes (RFC 8037 calls them `x`). */
export const readPublicKey = (bytes: Uint8Array): KeyObject =>
  createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(bytes).toString('base64url') },
    format: 'jwk',
  });
