import type { JWK } from 'jose';

/** What the runner tells every peer; the names stand for the Go peer too. */
export type PeerSettings = {
  readonly databaseUrl: string;
  /** The one bearer token that is known, and whose it is. */
  readonly token: string;
  readonly actorId: string;
  /** The Ed25519 key with which the token was signed. */
  readonly publicKey: JWK;
  /** Connections of postgres.js; 1 is its fastest setting, more decays under sustained load. */
  readonly poolSize: number;
};

export const readSettings = (): PeerSettings => ({
  databaseUrl: required('BENCH_DATABASE_URL'),
  token: required('BENCH_TOKEN'),
  actorId: required('BENCH_ACTOR_ID'),
  publicKey: JSON.parse(required('BENCH_PUBLIC_JWK')) as JWK,
  poolSize: Number(process.env['BENCH_POOL_SIZE'] ?? '1'),
});

/** Every peer says where it listens by its first line on stdout, and ends with the bench, whose end closes its stdin. */
export const announce = (port: number): void => {
  process.stdin.once('end', () => process.exit()).resume();
  process.stdout.write(`${JSON.stringify({ port })}\n`);
};

const required = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: a peer is started by the bench, not by hand`);
  return value;
};
