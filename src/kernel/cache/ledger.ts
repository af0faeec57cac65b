/** What an entry was loaded with: everything below `oldestXid` had ended then. Times are PostgreSQL's, in ms since 1970. */
export type Stamp = { readonly oldestXid: number; readonly atMs: number };

/** An invalidation that was committed: the names (namespace.ts) that transaction `xid` has made outdated. */
export type Invalidation = { readonly names: readonly string[]; readonly xid: number; readonly atMs: number };

type Note = { readonly xid: number; readonly atMs: number; readonly turn: number };

const maxNames = 100_000;
/** Longer than a transaction may take: between its beginning and the moment when it is seen. */
const longestTransactionMs = 90_000;

/**
 * Which names were invalidated, by which transaction: so that nothing is used that was loaded before. It remembers the
 * last 100,000, and refuses what is older than its memory.
 */
export class Ledger {
  readonly #notes = new Map<string, Note>();
  readonly #maxNames: number;
  #turn = 0;
  #forgottenTurn = 0;
  /** Whatever was committed after this is known; null: nothing is. */
  #knownSinceMs: number | null = null;

  constructor({ max = maxNames }: { readonly max?: number } = {}) {
    this.#maxNames = max;
  }

  /** The moment, for `isUntouched`. */
  get turn(): number {
    return this.#turn;
  }

  get isReady(): boolean {
    return this.#knownSinceMs !== null;
  }

  /** Says since when every invalidation is known. */
  begin(knownSinceMs: number): void {
    this.#knownSinceMs ??= knownSinceMs;
  }

  /** Some may have been missed: nothing that was loaded before is sure. */
  forget(): void {
    this.#turn += 1;
    this.#forgottenTurn = this.#turn;
    this.#notes.clear();
    this.#knownSinceMs = null;
  }

  note({ names, xid, atMs }: Invalidation): void {
    this.#turn += 1;
    for (const name of names) {
      const before = this.#notes.get(name);
      this.#notes.delete(name);
      this.#notes.set(name, { xid: Math.max(xid, before?.xid ?? 0), atMs, turn: this.#turn });
    }
    for (const [name, note] of this.#notes) {
      if (this.#notes.size <= this.#maxNames) break;
      this.#notes.delete(name);
      this.#forgottenTurn = note.turn;
      if (this.#knownSinceMs !== null) {
        this.#knownSinceMs = Math.max(this.#knownSinceMs, note.atMs + longestTransactionMs);
      }
    }
  }

  /** Whether none of the names was invalidated since that turn. */
  isUntouched(names: readonly string[], since: number): boolean {
    return since >= this.#forgottenTurn && names.every((name) => (this.#notes.get(name)?.turn ?? 0) <= since);
  }

  /** Whether what was loaded elsewhere has seen every invalidation of its names. */
  accepts(names: readonly string[], { oldestXid, atMs }: Stamp): boolean {
    return (
      this.#knownSinceMs !== null &&
      atMs >= this.#knownSinceMs &&
      names.every((name) => (this.#notes.get(name)?.xid ?? 0) < oldestXid)
    );
  }
}
