import { isBehind, type Position } from './position.ts';
import type { Read, ReadEvent } from './read-statements.ts';
import type { Subscriber } from './subscribers.ts';

/** By key the lowest `seq` that is visible and was not read yet, and the last transaction in which there is one. */
export type Aheads = ReadonlyMap<string, Position>;

export type Digest = {
  readonly events: readonly ReadEvent[];
  readonly ahead: Aheads;
  /** Everything up to here is read. */
  readonly end: Position;
  readonly horizon: number;
  /** There may be more at once. */
  readonly isFull: boolean;
  /** There are events that may not be read before an open transaction ends. */
  readonly isMore: boolean;
  readonly isHeld: boolean;
};

type How = { readonly limit: number; readonly subscriber: Pick<Subscriber, 'keyOf'> };

/** What the rows of one answer mean. */
export const digestRead = (rows: readonly Read[], { limit, subscriber }: How): Digest => {
  const edge = rows.find((row) => row.kind === 'edge') ?? { horizon: 0, isMore: false, isHeld: false };
  const { horizon, isMore, isHeld } = edge;
  const events = rows.filter((row) => row.kind === 'event');
  const isFull = events.length === limit;
  const last = events.at(-1);
  const beyond = { xid: horizon, seq: 0 };
  const end = last !== undefined && (isFull || isBehind(beyond, last)) ? last : beyond;
  return { events, ahead: groupAhead(rows, subscriber), end, horizon, isFull, isMore, isHeld };
};

const groupAhead = (rows: readonly Read[], { keyOf }: How['subscriber']): Aheads => {
  const keys = new Map<string, Position>();
  for (const row of rows) {
    if (row.kind !== 'ahead') continue;
    const { xid, seq } = row;
    const key = keyOf(row);
    if (key === null) continue;
    const known = keys.get(key) ?? { xid, seq };
    keys.set(key, { xid: Math.max(xid, known.xid), seq: Math.min(seq, known.seq) });
  }
  return keys;
};
