/**
 * Where sealed values are kept, for the rotation of the master key, which walks over all of them. Each value's place is
 * `{ table, id, version }` of its row.
 */
export type SealedTable = {
  /** `schema.table` */
  readonly table: string;
  /** Of type bytea, with the sealed value; null is left alone. */
  readonly column: string;
  /** The column whose text is the id of the place. */
  readonly id: string;
  /** The column that is the version of the place, or the one version that all values have. */
  readonly version: string | number;
};
