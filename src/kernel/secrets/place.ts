/** Where a sealed value is kept; it opens nowhere else, so that ciphertexts cannot be swapped between rows. */
export type Place = {
  /** `module.table` */
  readonly table: string;
  readonly id: string;
  /** Of the value; a writer that counts it up makes older ciphertexts worthless. */
  readonly version: number;
};

export const contextOf = ({ table, id, version }: Place): Buffer => Buffer.from(JSON.stringify([table, id, version]));
