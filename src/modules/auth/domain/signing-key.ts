/** `next` is published before it signs, so that verifiers elsewhere know it; `retiring` signs no more. */
export const signingKeyStates = ['next', 'active', 'retiring'] as const;
export type SigningKeyState = (typeof signingKeyStates)[number];

/** A member of a JWK set (RFC 7517, RFC 8037). */
export type PublicJwk = {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
  readonly kid: string;
  readonly alg: 'Ed25519';
  readonly use: 'sig';
};
