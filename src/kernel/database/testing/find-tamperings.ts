import type { Sql } from 'postgres';

import type { Database } from '#kernel/database/database.ts';
import type { Secrets } from '#kernel/secrets/secrets.ts';
import { verifyTrail } from '#kernel/audit/verify-trail.ts';
import { createRandom, tamperings } from './tamper-audit.ts';

type Trail = {
  readonly database: Database;
  readonly secrets: Secrets;
  /** As the owner of the tables. */
  readonly sql: Sql;
};

const tables = ['audit_events', 'audit_seals', 'audit_leaves'] as const;

/**
 * Tampers `rounds` times, each time with what is left of the sealed trail by putting everything back; answers what was
 * not found, and what was found where nothing had been done.
 */
export const findTamperings = async ({ database, secrets, sql }: Trail, rounds: number, seed: number) => {
  const random = createRandom(seed);
  const clean = await verifyTrail({ database, secrets, head: null });
  const head = clean.head?.hash ?? null;
  const problems: string[] = clean.findings.map(({ message }) => `without tampering: ${message}`);
  for (const table of tables) await sql.unsafe(`create table kernel.kept_${table} as select * from kernel.${table}`);
  for (let round = 0; round < rounds; round += 1) {
    const tampering = tamperings[round % tamperings.length];
    if (tampering === undefined) continue;
    const named = await tampering.apply(sql, random);
    const { findings } = await verifyTrail({ database, secrets, head });
    const isNamed = findings.some(({ message }) => message.includes(named));
    if (!isNamed)
      problems.push(
        `round ${round}, ${tampering.name}: ${named} is not among ${JSON.stringify(findings.map(({ message }) => message).slice(0, 5))}`,
      );
    for (const table of tables)
      await sql.unsafe(`delete from kernel.${table}; insert into kernel.${table} select * from kernel.kept_${table}`);
    const after = await verifyTrail({ database, secrets, head });
    problems.push(
      ...after.findings.map(({ message }) => `round ${round}, put back after ${tampering.name}: ${message}`),
    );
  }
  for (const table of tables) await sql.unsafe(`drop table kernel.kept_${table}`);
  return { problems, events: clean.events, seals: clean.seals };
};
