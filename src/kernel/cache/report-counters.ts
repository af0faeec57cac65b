import { upsertCounters } from '../database/cache.ts';
import type { Database } from '../database/database.ts';
import type { Logger } from '../observability/logger.ts';
import type { Cache } from './cache.ts';

const periodMs = 5_000;

type Options = {
  readonly cache: Pick<Cache, 'counted'>;
  readonly database: Pick<Database, 'lanes'>;
  readonly processId: string;
  readonly log: Logger;
};

export type CounterReport = {
  /** Now, if anything has changed. */
  send(): Promise<void>;
  stop(): void;
};

/** Tells every 5 s, if anything has changed, what this process has counted: for whoever asks any of the processes. */
export const reportCounters = ({ cache, database: { lanes }, processId, log }: Options): CounterReport => {
  let last = '{}';
  const send = async (): Promise<void> => {
    const counters = JSON.stringify(
      Object.fromEntries(cache.counted().map(({ namespace, ...counted }) => [namespace, counted])),
    );
    if (counters === last) return;
    try {
      await upsertCounters(lanes, { processId, counters });
      last = counters;
    } catch (err) {
      log.debug({ err }, 'what the caches have counted could not be told; it is told later');
    }
  };
  const timer = setInterval(() => void send(), periodMs).unref();
  return { send, stop: () => clearInterval(timer) };
};
