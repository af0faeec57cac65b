import type { Claimed } from './claim-statements.ts';

export type Progress = { readonly percent: number; readonly note: string | null };

/** A task in our hands, from the claim until PostgreSQL knows how it ended. */
export type Held = {
  readonly task: Claimed;
  readonly abort: AbortController;
  /** Milliseconds of `performance.now()`. */
  startedAt: number;
  /** Not written yet; null if nothing is new. */
  progress: Progress | null;
  hasProgress: boolean;
  /** It was completed in the handler's own transaction. */
  isEnded: boolean;
  /** Settles when a handler that outlived its timeout and its grace ends at last. */
  leaked: Promise<unknown> | null;
};

/** Why a task is told to stop: somebody else may have it, or this process stops. */
export const stopReasons = { lost: 'lost', drained: 'drained' } as const;

export const createHeld = (task: Claimed): Held => ({
  task,
  abort: new AbortController(),
  startedAt: 0,
  progress: null,
  hasProgress: false,
  isEnded: false,
  leaked: null,
});
