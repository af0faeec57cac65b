type Cell<T> = T extends boolean ? 0 | 1 : T;

/** Rows as one array per column, for `unnest`. Booleans are 0 and 1: the driver takes an array of them for one. */
export type Columns<T> = { readonly [K in keyof T]: readonly Cell<T[K]>[] };

export const toColumns = <T extends object, K extends keyof T>(
  rows: readonly T[],
  keys: readonly K[],
): Columns<Pick<T, K>> => {
  const columns: Partial<Record<K, readonly unknown[]>> = {};
  for (const key of keys) columns[key] = rows.map((row) => toCell(row[key]));
  // `as`: the loop has filled every key, each from values of its own type.
  return columns as Columns<Pick<T, K>>;
};

const toCell = (value: unknown): unknown => (typeof value === 'boolean' ? Number(value) : value);
