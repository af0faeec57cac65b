import { randomBytes } from 'node:crypto';

import { calculateJwkThumbprint, type CryptoKey, exportJWK, generateKeyPair, importJWK } from 'jose';

import type { Kernel } from '#kernel/kernel.ts';
import type { SealedTable } from '#kernel/secrets/sealed-table.ts';
import { deriveKey } from '../domain/derive-key.ts';
import type { PublicJwk, SigningKeyState } from '../domain/signing-key.ts';
import { findRootSecret, insertRootSecret } from '../store/root-secret.ts';
import { insertSigningKeys, listSigningKeys, lockSigningKeys, type SigningKeyRow } from '../store/signing-keys.ts';

export type SigningKey = { readonly kid: string; readonly key: CryptoKey };

export type Keys = {
  /** Authenticates refresh tokens. */
  readonly refresh: Buffer;
  /** Signs access tokens. */
  readonly signing: SigningKey;
  /** Verifies access tokens, by kid. */
  readonly verifying: ReadonlyMap<string, CryptoKey>;
  readonly published: readonly PublicJwk[];
};

export type Keyring = {
  /** Makes on the first start what is not there. Throws MASTER_KEY_WRONG or SECRET_UNREADABLE. */
  load(): Promise<void>;
  /** What was loaded. */
  readonly keys: Keys;
};

type KeyringDeps = Pick<Kernel, 'database' | 'secrets' | 'now'>;

/** What tokens are made with. Any number of processes may load it at once, also for the very first time. */
export const createKeyring = (deps: KeyringDeps): Keyring => {
  let loaded: Keys | null = null;
  return {
    load: async () => {
      loaded = await loadKeys(deps);
    },
    get keys() {
      if (loaded === null) throw new Error('the keys of auth are used before the module was started');
      return loaded;
    },
  };
};

const loadKeys = async (deps: KeyringDeps): Promise<Keys> => {
  const rootSecret = await loadRootSecret(deps);
  const rows = await loadSigningKeys(deps);
  const active = rows.find(({ state }) => state === 'active');
  if (active === undefined) throw new Error('auth.signing_keys holds no active key');
  const verifying = await Promise.all(
    rows.map(async ({ kid, publicJwk }) => [kid, await importKey(publicJwk)] as const),
  );
  return {
    refresh: deriveKey(rootSecret, 'refresh-token'),
    signing: { kid: active.kid, key: await openPrivateKey(deps, active) },
    verifying: new Map(verifying),
    published: rows.map(({ publicJwk }) => publicJwk),
  };
};

const rootSecretPlace = { table: 'auth.root_secret', id: '1', version: 1 };

/** Every start opens it, so that a wrong master key is found before the first request. */
const loadRootSecret = async ({ database, secrets }: KeyringDeps): Promise<Buffer> => {
  const sealed = (await findRootSecret(database.lanes)) ?? (await makeRootSecret({ database, secrets }));
  return secrets.open(sealed, rootSecretPlace);
};

const makeRootSecret = async ({ database, secrets }: Omit<KeyringDeps, 'now'>): Promise<Buffer> => {
  const sealed = secrets.seal(randomBytes(32), rootSecretPlace);
  await database.transaction((tx) => insertRootSecret(tx, sealed));
  // Another process may have been first: then its row stands.
  return (await findRootSecret(database.lanes)) ?? sealed;
};

const loadSigningKeys = async (deps: KeyringDeps): Promise<readonly SigningKeyRow[]> => {
  const present = await listSigningKeys(deps.database.lanes);
  if (present.length > 0) return present;
  return deps.database.transaction(async (tx) => {
    await lockSigningKeys(tx);
    const made = await listSigningKeys(tx);
    if (made.length > 0) return made;
    await insertSigningKeys(tx, [await makeSigningKey(deps, 'active'), await makeSigningKey(deps, 'next')]);
    return listSigningKeys(tx);
  });
};

const alg = 'Ed25519';
const placeOf = (kid: string) => ({ table: 'auth.signing_keys', id: kid, version: 1 });

export const sealedTables: readonly SealedTable[] = [
  { table: 'auth.root_secret', column: 'sealed', id: 'id', version: 1 },
  { table: 'auth.signing_keys', column: 'private_sealed', id: 'kid', version: 1 },
];

const makeSigningKey = async ({ secrets, now }: KeyringDeps, state: SigningKeyState): Promise<SigningKeyRow> => {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(jwk);
  const createdAt = now();
  return {
    kid,
    alg,
    publicJwk: { kty: 'OKP', crv: alg, x: jwk.x ?? '', kid, alg, use: 'sig' },
    privateSealed: secrets.seal(Buffer.from(JSON.stringify(jwk)), placeOf(kid)),
    state,
    createdAt,
    activatedAt: state === 'next' ? null : createdAt,
  };
};

const openPrivateKey = ({ secrets }: KeyringDeps, { kid, privateSealed }: SigningKeyRow): Promise<CryptoKey> =>
  importKey(JSON.parse(secrets.open(privateSealed, placeOf(kid)).toString()));

const importKey = async (jwk: Parameters<typeof importJWK>[0]): Promise<CryptoKey> => {
  const key = await importJWK(jwk, alg);
  if (key instanceof Uint8Array) throw new Error('a signing key of auth is not an asymmetric key');
  return key;
};
