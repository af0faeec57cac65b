import { sql } from 'drizzle-orm';

import type { Db } from '../database/database.ts';
import { prepared, type Slots } from '../database/prepared.ts';
import type { Logger } from '../observability/logger.ts';
import type { Presence } from '../presence/presence.ts';
import { formatHints, type Hint, mergeHint } from './hint.ts';

export const wakeChannel = 'ashlar_tasks';
const coalesceMs = 10;

const notify = prepared(
  'kernel.notify-tasks',
  (_db, value: Slots<{ payload: string }>) => sql`select pg_notify(${wakeChannel}, ${value.payload})`,
);

/** True if the listener will take the work itself. */
type Listener = (hint: Hint) => boolean;

/** Tells workers that there is work: those in this process by a call, others by at most one NOTIFY per 10 ms. */
export type Wakes = {
  announce(hints: Iterable<Hint>): void;
  /** Answers how to stop listening. */
  listen(listener: Listener): () => void;
  /** Sends what waits for its 10 ms. */
  flush(): Promise<void>;
};

export const createWakes = (lanes: Db, log: Logger): Wakes => {
  const listeners = new Set<Listener>();
  const waiting = new Map<string, Hint>();
  let timer: NodeJS.Timeout | null = null;

  const flush = async (): Promise<void> => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (waiting.size === 0) return;
    const payload = formatHints(waiting.values());
    waiting.clear();
    try {
      await notify(lanes, { payload });
    } catch (err) {
      log.debug({ err }, 'workers elsewhere were not told of new tasks; their poll finds them');
    }
  };

  return {
    announce: (hints) => {
      for (const hint of hints) {
        const isTaken = Array.from(listeners, (listener) => listener(hint)).includes(true);
        if (!isTaken) mergeHint(waiting, hint);
      }
      if (waiting.size > 0) timer ??= setTimeout(() => void flush(), coalesceMs);
    },
    listen: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    flush,
  };
};

/** What a pulse of this process has freed, somebody should take: here or elsewhere. */
export const announceFreed = (presence: Presence, wakes: Wakes, log: Logger): void => {
  presence.onPulse(({ freed }) => {
    if (freed.length === 0) return;
    log.warn({ queues: freed }, 'tasks of a process that is gone were freed');
    wakes.announce(freed.map((queue) => ({ queue, runMs: 0, inMs: 0, isGrouped: true })));
  });
};
