import { sql } from 'drizzle-orm';
import { z } from 'zod';

import type { Db } from '../database/database.ts';
import { prepared, type Slots } from '../database/prepared.ts';
import type { Logger } from '../observability/logger.ts';

export const wakeChannel = 'ashlar_events';
const coalesceMs = 10;
/** NOTIFY takes less than 8,000 bytes; what does not fit is left to the poll. */
const maxPayload = 7_000;

const notify = prepared(
  'kernel.notify-events',
  (_db, value: Slots<{ payload: string }>) => sql`select pg_notify(${wakeChannel}, ${value.payload})`,
);

/** Takes the name of an event or of a subscription; true if nobody else needs to hear of it. */
type Listener = (name: string) => boolean;

/** Tells consumers that there is something to read: those in this process by a call, others by one NOTIFY per 10 ms. */
export type EventWakes = {
  announce(names: Iterable<string>): void;
  /** Answers how to stop listening. */
  listen(listener: Listener): () => void;
  /** Sends what waits for its 10 ms. */
  flush(): Promise<void>;
};

export const createEventWakes = (lanes: Db, log: Logger): EventWakes => {
  const listeners = new Set<Listener>();
  const waiting = new Set<string>();
  let timer: NodeJS.Timeout | null = null;

  const flush = async (): Promise<void> => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (waiting.size === 0) return;
    const payload = formatNames(waiting);
    waiting.clear();
    try {
      await notify(lanes, { payload });
    } catch (err) {
      log.debug({ err }, 'consumers elsewhere were not told of new events; their poll finds them');
    }
  };

  return {
    announce: (names) => {
      for (const name of names) {
        const isTaken = Array.from(listeners, (listener) => listener(name)).includes(true);
        if (!isTaken) waiting.add(name);
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

const formatNames = (names: Iterable<string>): string => {
  const list = [...names];
  while (Buffer.byteLength(JSON.stringify(list)) > maxPayload) list.pop();
  return JSON.stringify(list);
};

const shape = z.array(z.string());

/** Empty for what another release may send. */
export const parseNames = (payload: string): readonly string[] => {
  try {
    return shape.safeParse(JSON.parse(payload)).data ?? [];
  } catch {
    return [];
  }
};
