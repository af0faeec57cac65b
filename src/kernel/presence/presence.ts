import type { Db } from '../database/database.ts';
import type { Question } from '../database/processes.ts';

/** What a pulse brought. */
export type Pulse = {
  /** Queues in which tasks of processes that are gone were freed by this very pulse. */
  readonly freed: readonly string[];
};

/** What others may know of a process: the queues that it serves and its pools, as `get-workers` shows them. */
export type Occupation = { readonly queues: readonly string[]; readonly pools: readonly object[] };

/**
 * This process among the others. Every running process has a row in `kernel.processes`, a session lock that PostgreSQL
 * drops when the process dies, and one connection over which it sends a pulse each 500 ms: one statement, which says
 * that the process lives and removes the rows of those that do not. They go within a second if the lock is gone; after
 * 10 s of silence if it cannot be (another host vanished, a transaction pooler).
 *
 * What a process owns carries its `processId`. An owner that has died has no row any more, so whoever looks for work
 * takes what has no living owner, in the statement that claims it:
 *
 *     where owner is null or not exists (select from kernel.processes p where p.id = owner)
 *
 * and raises an epoch with it: a process that was only taken for dead is not told before its next pulse, and whatever
 * it writes with an older epoch must change nothing. Look on each pulse (`onPulse`), or let the pulse itself look
 * (`ask`): an idle process sends 2.5 statements a second at most, and the pulse is two of them.
 *
 * A one-off command is no running process: it has an id, and everything else here is as if PostgreSQL were away.
 */
export type Presence = {
  /** A UUID, new with each start. */
  readonly processId: string;
  /** How many processes live, this one included; as of the last pulse, at least 1. */
  readonly processes: number;
  /** Milliseconds since the beginning of the last pulse that was answered; usually below 550. Infinity: there was none. */
  readonly behindMs: number;
  /**
   * The connection with the lock: who claims over it claims nothing once the lock is lost. Null while it is down. For
   * statements of a few milliseconds alone, since heartbeat and claims stand behind them. Its settings are those of
   * claims: a commit does not wait for the disk, plans use indexes only.
   */
  readonly db: Db | null;
  /**
   * fn runs on each new connection, before `db` shows it; on one that is there, at once. If it throws, the connection
   * begins anew. Answers how to stop.
   */
  onUp(fn: (db: Db) => Promise<void>): () => void;
  /** fn runs after each pulse; it must not throw. Answers how to stop. */
  onPulse(fn: (pulse: Pulse) => void): () => void;
  /** fn runs when this process learns that it was taken for dead: what it owned may be somebody else's by now. */
  onLost(fn: () => void): () => void;
  /** Payloads of NOTIFY on a channel. None comes while the connection is down or behind a transaction pooler. */
  listen(channel: string, fn: (payload: string) => void): () => void;
  /**
   * Every pulse asks this too, so that nobody needs a poll of their own, and gives fn the answer. A question must be
   * cheap (an index, an `exists`) and must never fail: the heartbeat fails with it. `name` is a word, unique here.
   */
  ask(name: string, question: Question, fn: (answer: unknown) => void): () => void;
  /** What others may know; asked at each pulse. */
  describe(fn: () => Occupation): void;
  /** The next pulse comes within 50 ms. */
  hurry(): void;
  /** Begins anew with another connection. */
  restart(): void;
  /** Leaves as somebody who owns nothing: whatever did, has ended before. */
  close(): Promise<void>;
};
