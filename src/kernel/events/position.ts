/** A place in the log: transaction, and order within. */
export type Position = { readonly xid: number; readonly seq: number };

export const isBehind = (one: Position, other: Position): boolean =>
  one.xid < other.xid || (one.xid === other.xid && one.seq < other.seq);
