import type * as DrizzleKit from 'drizzle-kit/api';
import { getTableColumns, is } from 'drizzle-orm';
import { toSnakeCase } from 'drizzle-orm/casing';
import { getTableConfig, PgDialect, PgTable } from 'drizzle-orm/pg-core';

import { AppError } from '../../error.ts';
import { openSession, type Session } from '../open-session.ts';

export type SchemaDifference = {
  /** What would make the migrated database equal to the schemas, oldest dependency first; empty: they are equal. */
  readonly statements: readonly string[];
  /** Where a statement would lose data. */
  readonly warnings: readonly string[];
};

/** The exports of the modules' `schema.ts` files, merged: tables, enums, schemas. */
export type SchemaExports = Readonly<Record<string, unknown>>;

/**
 * Compares drizzle schemas with a migrated database, schema by schema: what the schemas declare against what stands
 * there. A possible rename is asked on the terminal; without one it is reported as an error of drizzle-kit. Throws
 * DEVELOPMENT_TOOL_MISSING where drizzle-kit, which is a tool of development, is not installed.
 */
export const findSchemaDifference = async (url: string, exports: SchemaExports): Promise<SchemaDifference> => {
  const { pushSchema } = await loadDrizzleKit();
  const tables = Object.values(exports).filter((value) => is(value, PgTable));
  const schemas = [...new Set(tables.map((table) => getTableConfig(table).schema ?? 'public'))];
  if (schemas.length === 0) return { statements: [], warnings: [] };
  tables.forEach(nameColumns);
  const session = await openSession({ url, name: 'schema difference' });
  try {
    const database = createKitDatabase(session);
    const { statementsToExecute, warnings } = await pushSchema({ ...exports }, database, schemas, ['!_migrations']);
    return { statements: statementsToExecute, warnings };
  } finally {
    await session.close();
  }
};

const loadDrizzleKit = async (): Promise<typeof DrizzleKit> => {
  try {
    return await import('drizzle-kit/api');
  } catch (cause) {
    const message =
      'comparing the schemas with the database needs drizzle-kit, which cannot be loaded: ' +
      'it comes with the development packages. Run npm ci, without --omit=dev, in a checkout of the source';
    throw new AppError('DEVELOPMENT_TOOL_MISSING', { kind: 'conflict', details: { message }, cause });
  }
};

/** Where drizzle keeps the columns that indexes and constraints are built from; they are objects of their own. */
const extraColumns = Symbol.for('drizzle:ExtraConfigColumns');

/** drizzle-kit's comparison knows no casing: give each column the name that our dialect would give it. */
const nameColumns = (table: PgTable): void => {
  // `as`: the symbol is not in drizzle's types.
  const extra =
    (table as { [extraColumns]?: Record<string, { name: string; keyAsName: boolean }> })[extraColumns] ?? {};
  for (const column of [...Object.values(getTableColumns(table)), ...Object.values(extra)]) {
    if (column.keyAsName) Object.assign(column, { name: toSnakeCase(column.name), keyAsName: false });
  }
};

type KitDatabase = Parameters<typeof DrizzleKit.pushSchema>[1];

/** drizzle-kit only runs `execute`, and reads `rows` as node-postgres answers them. */
const createKitDatabase = ({ sql }: Session): KitDatabase => {
  const dialect = new PgDialect();
  const execute = async (query: Parameters<PgDialect['sqlToQuery']>[0]) => ({
    rows: await sql.unsafe(dialect.sqlToQuery(query).sql),
  });
  // `as`: no other part of a database is used.
  return { execute } as unknown as KitDatabase;
};
