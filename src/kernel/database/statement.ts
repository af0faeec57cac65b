import { Column, getTableName, is, Param, Placeholder, SQL, Subquery } from 'drizzle-orm';
import type { SelectedFieldsOrdered } from 'drizzle-orm/pg-core';

import { kernelError } from '../error.ts';

/** Positional values of one row, or an object per row where the statement was not built from columns. */
export type RawRows = readonly unknown[];

/** One SQL text, compiled once: how values go in and how rows come out. */
export type Statement = {
  /** The label of metrics and spans. */
  readonly name: string;
  /** Always the same array: postgres.js keeps an entry per array for every statement that fails. */
  readonly strings: readonly [text: string];
  /** True: the connection parses the text once and keeps it (`pg_prepared_statements`). */
  readonly prepare: boolean;
  readonly shape: 'arrays' | 'objects';
  readonly encode: (values: Values) => unknown[];
  readonly decode: (rows: RawRows) => unknown;
};

export type Values = Readonly<Record<string, unknown>>;
export type RunStatement = (statement: Statement, values: Values) => Promise<unknown>;

type Encoder = (values: Values) => unknown;

/** Compiles drizzle's parameters to a function, so that a hot path looks at no placeholder again. */
export const createEncoder = (name: string, params: readonly unknown[]): ((values: Values) => unknown[]) => {
  const encoders = params.map((param) => encoderOf(name, param));
  return (values) => {
    const encoded: unknown[] = [];
    for (let index = 0; index < encoders.length; index += 1) encoded.push(encoders[index]?.(values));
    return encoded;
  };
};

const encoderOf = (name: string, param: unknown): Encoder => {
  if (is(param, Placeholder)) {
    const { name: key } = param;
    const encode = rememberDate(toText);
    return (values) => encode(valueOf(name, values, key));
  }
  if (is(param, Param) && is(param.value, Placeholder)) {
    const { name: key } = param.value;
    const { encoder } = param;
    const encode = rememberDate((value) => (value === null ? null : toText(encoder.mapToDriverValue(value))));
    return (values) => encode(valueOf(name, values, key));
  }
  return () => toText(param);
};

/** Most dates are now, and many requests share a millisecond: writing one as text costs 0.8 µs (Node 26). */
const rememberDate = (encode: (value: unknown) => unknown): ((value: unknown) => unknown) => {
  let at = Number.NaN;
  let text: unknown = null;
  return (value) => {
    if (!(value instanceof Date)) return encode(value);
    const ms = value.getTime();
    if (ms !== at) {
      text = encode(value);
      at = ms;
    }
    return text;
  };
};

const valueOf = (name: string, values: Values, key: string): unknown => {
  const value = values[key];
  if (value === undefined) throw new Error(`the query ${name} was run without its value "${key}"`);
  return value;
};

/** PostgreSQL text cannot hold U+0000 (22021): refused before the connection sees it. */
const toText = (value: unknown): unknown => {
  if (typeof value === 'string' && value.includes('\0')) {
    throw kernelError('INPUT_INVALID', { details: { message: 'text must not hold the character U+0000' } });
  }
  return value instanceof Date ? value.toISOString() : value;
};

type Decode = (value: unknown) => unknown;
type Row = readonly unknown[];

/**
 * Compiles drizzle's selection to a function from positional rows to objects. `isRequired` names the tables that
 * an outer join cannot leave empty (drizzle's joinsNotNullableMap).
 */
export const createDecoder = (
  fields: SelectedFieldsOrdered,
  isRequired: Readonly<Record<string, boolean>> | undefined,
): ((rows: RawRows) => unknown) => {
  const columns = fields.map(({ path, field }) => ({ path, decode: decodeOf(field) }));
  if (columns.some(({ path }) => path.length > 1)) {
    const decodeRow = createNestedDecoder(fields, isRequired ?? {});
    // `as`: a statement of shape `arrays` answers one array per row.
    return (rows) => rows.map((row) => decodeRow(row as Row));
  }
  const flat = columns.map(({ path, decode }) => ({ key: String(path[0]), decode }));
  // `as`: here too.
  return (rows) => rows.map((row) => decodeFlat(flat, row as Row));
};

const decodeFlat = (columns: readonly { readonly key: string; readonly decode: Decode | null }[], row: Row) => {
  const decoded: Record<string, unknown> = {};
  for (let index = 0; index < columns.length; index += 1) {
    const column = columns[index];
    if (column === undefined) continue;
    const value = row[index];
    decoded[column.key] = value === null || column.decode === null ? value : column.decode(value);
  }
  return decoded;
};

type Field = SelectedFieldsOrdered[number]['field'];

/** Null for columns that PostgreSQL's text already is the value of. */
const decodeOf = (field: Field): Decode | null => {
  if (is(field, Column)) {
    return field.mapFromDriverValue === Column.prototype.mapFromDriverValue
      ? null
      : (value) => field.mapFromDriverValue(value);
  }
  // `as`: drizzle keeps these decoders out of its types, but its own mapper reads them in the same way.
  const owner = field as unknown as {
    decoder?: Decoder;
    sql?: { decoder: Decoder };
    _?: { sql: { decoder: Decoder } };
  };
  const decoder = is(field, SQL) ? owner.decoder : is(field, Subquery) ? owner._?.sql.decoder : owner.sql?.decoder;
  return decoder === undefined ? null : (value) => decoder.mapFromDriverValue(value);
};

type Decoder = { mapFromDriverValue(value: unknown): unknown };

/** Joined tables become one object each, and null where an outer join found nothing. */
const createNestedDecoder = (fields: SelectedFieldsOrdered, isRequired: Readonly<Record<string, boolean>>) => {
  const columns = fields.map(({ path, field }, index) => ({ path, index, decode: decodeOf(field) }));
  const optional = findOptionalObjects(fields, isRequired);
  return (row: Row): unknown => {
    const decoded: Record<string, unknown> = {};
    for (const { path, index, decode } of columns) {
      const value = row[index];
      setPath(decoded, path, value === null || decode === null ? value : decode(value));
    }
    for (const { key, indexes } of optional) {
      if (indexes.every((index) => row[index] === null)) decoded[key] = null;
    }
    return decoded;
  };
};

const setPath = (target: Record<string, unknown>, path: readonly string[], value: unknown): void => {
  let node = target;
  for (const key of path.slice(0, -1)) {
    // `as`: only this function fills the nodes of a path, and only with objects.
    node = (node[key] ??= {}) as Record<string, unknown>;
  }
  node[path.at(-1) ?? ''] = value;
};

/** Objects made of columns of one table that the join may leave out: null when all their columns are. */
const findOptionalObjects = (fields: SelectedFieldsOrdered, isRequired: Readonly<Record<string, boolean>>) => {
  const groups = new Map<string, { readonly tables: Set<string>; readonly indexes: number[] }>();
  for (const [index, { path, field }] of fields.entries()) {
    const [key] = path;
    if (path.length !== 2 || key === undefined || !is(field, Column)) continue;
    const group = groups.get(key) ?? { tables: new Set(), indexes: [] };
    group.tables.add(getTableName(field.table));
    group.indexes.push(index);
    groups.set(key, group);
  }
  return [...groups]
    .filter(([, { tables }]) => tables.size === 1 && [...tables].every((table) => isRequired[table] !== true))
    .map(([key, { indexes }]) => ({ key, indexes }));
};
