import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import postgres from 'postgres';

import type { Cluster } from './host/postgres.ts';
import type { PeerSettings } from './peers/settings.ts';
import { BENCH_LOGIN } from './workloads.ts';

/** Rows around the one that is read, so that its index is a real one. */
const ROWS = 10_000;

/** The peers' database with the table that they read from, and an empty one for Ashlar. */
export const seedDatabases = async (
  cluster: Cluster,
): Promise<{ readonly settings: PeerSettings; readonly ashlarUrl: string }> => {
  const admin = postgres(cluster.adminUrl, { max: 1 });
  await admin`create database peers`;
  await admin`create database ashlar`;
  await admin.end();
  const databaseUrl = cluster.urlOf('peers');
  const actorId = await seedActors(databaseUrl);
  return {
    settings: { databaseUrl, actorId, poolSize: 1, ...(await signToken(actorId)) },
    ashlarUrl: cluster.urlOf('ashlar'),
  };
};

const seedActors = async (url: string): Promise<string> => {
  const sql = postgres(url, { max: 1 });
  await sql`create schema bench`;
  await sql`
    create table bench.actors (
      id uuid primary key default uuidv7(), type text not null, login text not null, display_name text not null,
      email text, is_superuser boolean not null, created_at timestamptz not null default now(), unique (type, login))`;
  await sql`
    insert into bench.actors (type, login, display_name, is_superuser)
    select 'user', 'user-' || n, 'User ' || n, false from generate_series(1, ${ROWS}::int) n`;
  const [row] = await sql<{ id: string }[]>`
    insert into bench.actors (type, login, display_name, is_superuser)
    values ('admin', ${BENCH_LOGIN}, ${BENCH_LOGIN}, true) returning id`;
  await sql`vacuum analyze bench.actors`;
  await sql.end();
  if (row === undefined) throw new Error('the row of the bench was not inserted');
  return row.id;
};

const signToken = async (actorId: string): Promise<Pick<PeerSettings, 'token' | 'publicKey'>> => {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  const token = await new SignJWT({ sid: crypto.randomUUID() })
    .setProtectedHeader({ alg: 'EdDSA', kid: 'bench' })
    .setSubject(actorId)
    .setIssuer('http://127.0.0.1')
    .setAudience('bench')
    .setIssuedAt()
    .setExpirationTime('1d')
    .sign(privateKey);
  return { token, publicKey: await exportJWK(publicKey) };
};
