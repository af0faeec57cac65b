import { type SQL, sql } from 'drizzle-orm';

import type { SealedTable } from '../secrets/sealed-table.ts';
import type { Db, Tx } from './database.ts';

export type SealedRow = {
  /** The row's place in the table now; whoever changes the row moves it. */
  readonly at: string;
  readonly id: string;
  readonly version: number;
  readonly sealed: Buffer;
};

const tableOf = ({ table }: SealedTable): SQL =>
  sql.join(
    table.split('.').map((part) => sql.identifier(part)),
    sql.raw('.'),
  );

/** The key's id follows the format's byte. */
const isUnderAnother = ({ column }: SealedTable, keyId: string): SQL =>
  sql`${sql.identifier(column)} is not null and substring(${sql.identifier(column)} from 2 for 8) <> decode(${keyId}, 'hex')`;

type Batch = { readonly keyId: string; readonly after: string; readonly limit: number };

/** Values under another master key, from a place in the table on (`(0,0)`: from its beginning), as they lie there. */
export const listSealedUnderAnother = (
  db: Db,
  table: SealedTable,
  { keyId, after, limit }: Batch,
): Promise<readonly SealedRow[]> =>
  db.execute<SealedRow>(sql`
    select ctid::text as at, ${sql.identifier(table.id)}::text as id, ${versionOf(table)} as version,
           ${sql.identifier(table.column)} as sealed
      from ${tableOf(table)}
     where ctid > ${after}::tid and ${isUnderAnother(table, keyId)}
     limit ${limit}`);

const versionOf = ({ version }: SealedTable): SQL =>
  typeof version === 'number' ? sql`${version}::int` : sql`${sql.identifier(version)}::int`;

export const hasSealedUnderAnother = async (db: Db, table: SealedTable, keyId: string): Promise<boolean> => {
  const [row] = await db.execute<{ found: boolean }>(
    sql`select exists (select from ${tableOf(table)} where ${isUnderAnother(table, keyId)}) as found`,
  );
  return row?.found ?? false;
};

export type Rewrapped = { readonly at: string; readonly from: Buffer; readonly to: Buffer };

/** Leaves alone what was changed meanwhile; answers how many it changed. */
export const updateSealed = async (tx: Tx, table: SealedTable, values: readonly Rewrapped[]): Promise<number> => {
  const column = sql.identifier(table.column);
  const given = JSON.stringify(
    values.map(({ at, from, to }) => ({ at, from: from.toString('hex'), to: to.toString('hex') })),
  );
  const rows = await tx.execute(sql`
    update ${tableOf(table)} as kept
       set ${column} = decode(given."to", 'hex')
      from jsonb_to_recordset(${given}::jsonb) as given (at tid, "from" text, "to" text)
     where kept.ctid = given.at and kept.${column} = decode(given."from", 'hex')
    returning true`);
  return rows.length;
};
