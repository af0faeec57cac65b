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

export type Refusals = {
  add(record: RunRecord): void;
  /** Writes what has been counted. */
  close(): Promise<void>;
};

type RefusalsOptions = {
  readonly db: Db;
  readonly log: Logger;
  /** Rows were committed. */
  readonly onWritten: () => void;
  /** Milliseconds of a clock that is never set back. */
  readonly now?: () => number;
};

/**
 * Who is refused may come back a thousand times a second; the audit trail gets a row at once (within a second) and then
 * one with the count of each ten seconds. What was not written yet is lost with the process.
 */
export const createRefusals = ({ db, log, onWritten, now = () => performance.now() }: RefusalsOptions): Refusals => {
  const entries = new Map<string, Entry>();
  let timer: NodeJS.Timeout | null = null;
  let flushing: Promise<void> | null = null;
  let isFailing = false;

  const add = (record: RunRecord): void => {
    const wanted = keyOf(record);
    const isFull = entries.size >= maxKeys && !entries.has(wanted);
    const key = isFull ? `all ${record.operation}` : wanted;
    const entry = entries.get(key) ?? { record, count: 0, dueAt: 0 };
    entry.count += 1;
    entry.record = isFull ? { ...record, actor: null, origin: null } : record;
    entries.set(key, entry);
    timer ??= setInterval(() => (flushing ??= flush(now())), flushMs).unref();
  };

  const flush = (time: number): Promise<void> =>
    writeDue(time).finally(() => {
      flushing = null;
    });

  const writeDue = async (time: number): Promise<void> => {
    const due = [...entries.values()].filter(({ count, dueAt }) => count > 0 && dueAt <= time);
    const written = due.map(({ record, count }) => ({ record, count }));
    if (due.length > 0 && !(await write(written))) return;
    for (const [index, entry] of due.entries()) {
      // What came while they were written stays for the next time.
      entry.count -= written[index]?.count ?? 0;
      entry.dueAt = time + windowMs;
    }
    for (const [key, { count, dueAt }] of entries) if (count === 0 && dueAt <= time) entries.delete(key);
    if (entries.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  };

  const write = async (rows: readonly Counted[]): Promise<boolean> => {
    try {
      await insertRefusals(db, toColumns(rows));
      onWritten();
      isFailing = false;
      return true;
    } catch (thrown) {
      if (!isFailing)
        log.warn({ err: toAppError(thrown) }, 'refusals could not be written to the audit trail; they are counted on');
      isFailing = true;
      return false;
    }
  };

  return {
    add,
    close: async () => {
      if (timer !== null) clearInterval(timer);
      timer = null;
      await flushing;
      await flush(Infinity);
    },
  };
};

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
