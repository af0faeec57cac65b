import { setTimeout as sleep } from 'node:timers/promises';

import type { Logger } from '../../observability/logger.ts';

type Watch = {
  readonly isAlive: () => Promise<boolean>;
  /** Brings the server back; called again after a pause as long as it throws. */
  readonly revive: () => Promise<void>;
  readonly log: Logger;
};

// Without /proc a look is a run of `ps`.
const lookEveryMs = process.platform === 'linux' ? 150 : 1000;
const longestPauseMs = 5000;

/** Revives the server as soon as it is seen dead. `close` waits for a revival under way. */
export const openWatchdog = ({ isAlive, revive, log }: Watch): { close(): Promise<void> } => {
  const closing = new AbortController();
  const look = async (pauseMs: number): Promise<number> => {
    try {
      if (!(await isAlive())) await revive();
      return lookEveryMs;
    } catch (thrown) {
      log.error({ err: thrown }, 'cannot bring embedded PostgreSQL back; trying again');
      return Math.min(pauseMs * 2, longestPauseMs);
    }
  };
  const watch = async (): Promise<void> => {
    for (let pauseMs = lookEveryMs; !closing.signal.aborted; pauseMs = await look(pauseMs)) {
      await sleep(pauseMs, undefined, { ref: false, signal: closing.signal }).catch(ignoreAbort);
      if (closing.signal.aborted) return;
    }
  };
  const watching = watch();
  return {
    close: () => {
      closing.abort();
      return watching;
    },
  };
};

/** The pause that `close` cuts short is over like any other. */
const ignoreAbort = (): void => undefined;
