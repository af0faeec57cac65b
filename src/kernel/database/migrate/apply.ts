import type { Sql } from 'postgres';

import { AppError } from '../../error.ts';
import { deleteApplied, insertApplied } from './ledger.ts';
import { invalid, type Migration } from './migration.ts';

export const applyUp = (sql: Sql, migration: Migration): Promise<void> => {
  const startedAt = performance.now();
  return applySection(sql, migration, { text: migration.up, record: () => insertApplied(sql, migration, startedAt) });
};

export const applyDown = (sql: Sql, migration: Migration): Promise<void> =>
  applySection(sql, migration, { text: migration.down, record: () => deleteApplied(sql, migration.name) });

type Section = { readonly text: string; readonly record: () => Promise<unknown> };

/** A file may leave the session as it likes; the next one begins with `reset all`. */
const applySection = async (sql: Sql, migration: Migration, section: Section): Promise<void> => {
  await sql.unsafe('reset role; reset all');
  try {
    await (migration.isNoTransaction
      ? applyAlone(sql, migration, section)
      : applyInTransaction(sql, migration, section));
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown;
    throw failed(migration.name, thrown);
  }
};

const applyInTransaction = async (sql: Sql, { name }: Migration, { text, record }: Section): Promise<void> => {
  await sql.unsafe('begin');
  try {
    const before = await readTransactionId(sql);
    await sql.unsafe(text);
    if ((await readTransactionId(sql)) !== before) {
      throw invalid(name, 'holds a commit or rollback of its own; the runner opens and ends the transaction');
    }
    await record();
    await sql.unsafe('commit');
  } catch (thrown) {
    // If the connection is lost the rollback fails too, and the first error tells more.
    await sql.unsafe('rollback').catch(() => undefined);
    throw thrown;
  }
};

const readTransactionId = async (sql: Sql): Promise<string> => {
  const [row] = await sql.unsafe<{ id: string }[]>('select pg_current_xact_id()::text as id');
  return row?.id ?? '';
};

/** Unnamed but not simple: PostgreSQL itself then refuses a second statement. */
const oneStatement = { prepare: false, simple: false };

const applyAlone = async (sql: Sql, { name }: Migration, { text, record }: Section): Promise<void> => {
  await sql.unsafe(text, [], oneStatement);
  const broken = await sql<{ index: string }[]>`
    select indexrelid::regclass::text as index from pg_index where not indisvalid`;
  if (broken.length > 0) {
    const names = broken.map(({ index }) => index).join(', ');
    throw invalid(name, `left an index that PostgreSQL does not use: ${names}. Drop it and migrate again`);
  }
  await record();
};

const failed = (name: string, cause: unknown): AppError => {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new AppError('MIGRATION_FAILED', {
    kind: 'conflict',
    details: { message: `migrations/${name} failed and was rolled back: ${reason}`, file: name },
    cause,
  });
};
