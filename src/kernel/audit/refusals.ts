import { insertRefusals } from '../database/audit.ts';
import type { Db } from '../database/database.ts';
import { toAppError } from '../error.ts';
import { newId } from '../ids.ts';
import { sourceOf } from '../ip-address.ts';
import type { Logger } from '../observability/logger.ts';
import type { RunRecord } from '../run.ts';
import { actorOf } from './change.ts';

const flushMs = 1_000;
/** One row for each actor, or address, and operation in so long. */
const windowMs = 10_000;
/** Beyond it those who come new are counted together, by operation: an attack from everywhere writes no more than this. */
const maxKeys = 1_000;

type Entry = {
  /** The latest. */
  record: RunRecord;
  count: number;
  /** `performance.now()`: not written before. */
  dueAt: number;
};

type RefusalsOptions = {
  readonly db: Db;
  readonly log: Logger;
  /** Rows were committed. */
  readonly onWritten: () => void;
};

/**
 * Who is refused may come back a thousand times a second; the audit trail gets a row at once (within a second) and then
 * one with the count of each ten seconds. What was not written yet is lost with the process.
 */
export class Refusals {
  readonly #options: RefusalsOptions;
  readonly #entries = new Map<string, Entry>();
  #timer: NodeJS.Timeout | null = null;
  #flushing: Promise<void> | null = null;
  #isFailing = false;

  constructor(options: RefusalsOptions) {
    this.#options = options;
  }

  add(record: RunRecord): void {
    const own = keyOf(record);
    const isOther = this.#entries.size >= maxKeys && !this.#entries.has(own);
    const key = isOther ? `all ${record.operation}` : own;
    const entry = this.#entries.get(key) ?? { record, count: 0, dueAt: 0 };
    entry.count += 1;
    entry.record = isOther ? { ...record, actor: null, origin: null } : record;
    this.#entries.set(key, entry);
    this.#timer ??= setInterval(() => void this.#flush(performance.now()), flushMs).unref();
  }

  /** Writes what has been counted. */
  async close(): Promise<void> {
    this.#stop();
    await this.#flushing;
    await this.#flush(Infinity);
  }

  #stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #flush(time: number): Promise<void> {
    this.#flushing ??= this.#writeDue(time).finally(() => {
      this.#flushing = null;
    });
    return this.#flushing;
  }

  async #writeDue(time: number): Promise<void> {
    const due = [...this.#entries.values()].filter(({ count, dueAt }) => count > 0 && dueAt <= time);
    const rows = due.map(({ record, count }) => ({ record, count }));
    if (rows.length > 0 && !(await this.#write(rows))) return;
    for (const [index, entry] of due.entries()) {
      // What came while they were written stays for the next time.
      entry.count -= rows[index]?.count ?? 0;
      entry.dueAt = time + windowMs;
    }
    for (const [key, { count, dueAt }] of this.#entries) if (count === 0 && dueAt <= time) this.#entries.delete(key);
    if (this.#entries.size === 0) this.#stop();
  }

  async #write(rows: readonly Counted[]): Promise<boolean> {
    const { db, log, onWritten } = this.#options;
    try {
      await insertRefusals(db, toColumns(rows));
      onWritten();
      this.#isFailing = false;
      return true;
    } catch (thrown) {
      if (!this.#isFailing)
        log.warn({ err: toAppError(thrown) }, 'refusals could not be written to the audit trail; they are counted on');
      this.#isFailing = true;
      return false;
    }
  }
}

const keyOf = ({ actor, origin, operation }: RunRecord): string =>
  `${actor === null ? sourceOf(origin?.address ?? '') : actor.id} ${operation}`;

type Counted = { readonly record: RunRecord; readonly count: number };

const toColumns = (rows: readonly Counted[]) => {
  const events = rows.map(({ record, count }) => ({ ...actorOf(record), ...record, count }));
  return {
    ids: events.map(() => newId()),
    actorTypes: events.map(({ actorType }) => actorType),
    actorIds: events.map(({ actorId }) => actorId),
    sessionIds: events.map(({ sessionId }) => sessionId),
    operations: events.map(({ operation }) => operation),
    outcomes: events.map(({ outcome }) => outcome),
    codes: events.map(({ code }) => code),
    counts: events.map(({ count }) => count),
    addresses: events.map(({ origin }) => origin?.address ?? null),
    traceIds: events.map(({ traceId }) => traceId),
  };
};
