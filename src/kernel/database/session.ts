import { entityKind, type Query } from 'drizzle-orm';
import {
  PgDatabase,
  PgDialect,
  PgPreparedQuery,
  PgSession,
  type PreparedQueryConfig,
  type SelectedFieldsOrdered,
} from 'drizzle-orm/pg-core';
import type { PostgresJsQueryResultHKT } from 'drizzle-orm/postgres-js';

import type { Db } from './database.ts';
import { createDecoder, createEncoder, type RunStatement, type Statement, type Values } from './statement.ts';

const unprepared = 'unprepared';
const passRows = (rows: readonly unknown[]): unknown => rows;

type Shape = {
  readonly fields: SelectedFieldsOrdered | undefined;
  readonly name: string | undefined;
  readonly mapper: ((rows: unknown[][]) => unknown) | undefined;
};

/** Drizzle's query, run by us: drizzle's own wraps failures in a message that holds every value, passwords included. */
export class CompiledQuery<T extends PreparedQueryConfig = PreparedQueryConfig> extends PgPreparedQuery<T> {
  static override readonly [entityKind]: string = 'AshlarCompiledQuery';
  /** Set by drizzle's select and update builders after the query was made. */
  joinsNotNullableMap: Record<string, boolean> | undefined;
  readonly #run: RunStatement;
  readonly #shape: Shape;

  constructor(query: Query, shape: Shape, run: RunStatement) {
    super(query, undefined, undefined);
    this.#shape = shape;
    this.#run = run;
  }

  toStatement(): Statement {
    const { fields, name, mapper } = this.#shape;
    // `as`: with a mapper or fields the statement's shape is `arrays`, which is what drizzle's mapper reads.
    const custom = mapper && ((rows: readonly unknown[]) => mapper(rows as unknown[][]));
    return {
      name: name ?? unprepared,
      strings: [this.query.sql],
      prepare: name !== undefined,
      shape: fields || custom ? 'arrays' : 'objects',
      encode: createEncoder(name ?? unprepared, this.query.params),
      decode: custom ?? (fields ? createDecoder(fields, this.joinsNotNullableMap) : passRows),
    };
  }

  override execute(values: Values = {}): Promise<T['execute']> {
    return this.#run(this.toStatement(), values);
  }

  /** What drizzle's `all` asks of a session. */
  all(values: Values = {}): Promise<T['all']> {
    return this.#run({ ...this.toStatement(), shape: 'objects', decode: passRows }, values);
  }
}

class KernelSession extends PgSession<PostgresJsQueryResultHKT> {
  static override readonly [entityKind]: string = 'AshlarSession';
  readonly #run: RunStatement;

  constructor(run: RunStatement) {
    super(dialect);
    this.#run = run;
  }

  // oxlint-disable-next-line max-params -- the signature is drizzle's
  override prepareQuery<T extends PreparedQueryConfig>(
    query: Query,
    fields: SelectedFieldsOrdered | undefined,
    name: string | undefined,
    _isResponseInArrayMode: boolean,
    mapper?: (rows: unknown[][]) => T['execute'],
  ): PgPreparedQuery<T> {
    return new CompiledQuery<T>(query, { fields, name, mapper }, this.#run);
  }

  override transaction(): Promise<never> {
    return Promise.reject(new Error('a use case writes in ctx.transaction; a transaction holds no other one'));
  }
}

/** Columns are camelCase in TypeScript and snake_case in PostgreSQL, without being named twice. */
export const dialect = new PgDialect({ casing: 'snake_case' });

/** A drizzle database over whatever runs statements: the lanes, or one open transaction. */
export const createDb = (runStatement: RunStatement): Db => {
  const session = new KernelSession(runStatement);
  return Object.assign(new PgDatabase<PostgresJsQueryResultHKT, Record<string, never>>(dialect, session, undefined), {
    runStatement,
  });
};
