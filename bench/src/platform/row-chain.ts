import { createHash, randomUUID } from 'node:crypto';
import postgres from 'postgres';

import { changeOf, type OpenTrail } from './trail.ts';

const lock = 4711;

/**
 * The usual way: a hash in every row, of the row and of the hash before it. A lock makes the writers wait for each other
 * until they have committed, since two must not continue the same hash. The same columns, and an index on `seq` only.
 */
export const openRowChain: OpenTrail = async (url, writers) => {
  const sql = postgres(url, { max: writers, onnotice: () => undefined });
  await sql`
    create table public.audit (
      seq bigint generated always as identity primary key, id uuid not null, at timestamptz not null, actor_type text not null,
      actor_id uuid not null, session_id uuid not null, operation text not null, subject text not null, outcome text not null,
      address inet not null, trace_id text not null, before text not null, after text not null, hash bytea not null)`;
  const [actorId, sessionId] = [randomUUID(), randomUUID()];
  return {
    write: async (n) => {
      const { subject, before, after } = changeOf(n);
      const row = {
        id: randomUUID(),
        at: new Date().toISOString(),
        actor_type: 'admin',
        actor_id: actorId,
        session_id: sessionId,
        operation: 'bench.update-customer',
        subject,
        outcome: 'ok',
        address: '203.0.113.7',
        trace_id: '0'.repeat(32),
        before: JSON.stringify(before),
        after: JSON.stringify(after),
      };
      await sql.begin(async (tx) => {
        await tx`select pg_advisory_xact_lock(${lock})`;
        const [last] = await tx<{ hash: Buffer }[]>`select hash from public.audit order by seq desc limit 1`;
        const hash = createHash('sha256').update(last?.hash ?? '').update(JSON.stringify(row)).digest();
        await tx`insert into public.audit ${tx({ ...row, hash })}`;
      });
    },
    finish: () => Promise.resolve(),
    countVouched: async () => {
      const [row] = await sql<{ count: number }[]>`select count(*)::int as count from public.audit`;
      return row?.count ?? 0;
    },
  };
};
