import { type AppError, toAppError } from './error.ts';

export type ExitCode = 0 | 1 | 2 | 3;

/** What a program opens in order and closes in exactly the reverse order. */
export type Lifecycle = {
  /** Opens a resource and remembers how to close it. If `open` throws, everything opened before stays to be closed. */
  open<T>(name: string, open: () => Promise<T> | T, close?: (resource: T) => Promise<void> | void): Promise<T>;
  /**
   * Closes everything, last opened first. A failing close is reported and does not keep the others open.
   * Answers false if the deadline passed or something failed to close.
   */
  close(options: { readonly deadlineSeconds: number; readonly report: Report }): Promise<boolean>;
};

type Opened = { readonly name: string; readonly close: () => Promise<void> | void };
type Report = (problem: { readonly part: string; readonly err: unknown }) => void;

export const createLifecycle = (): Lifecycle => {
  const opened: Opened[] = [];
  return {
    open: async (name, open, close) => {
      const resource = await open();
      if (close) opened.push({ name, close: () => close(resource) });
      return resource;
    },
    close: async ({ deadlineSeconds, report }) => {
      const timer = createTimer(deadlineSeconds);
      const done = await Promise.race([closeInReverse(opened, report), timer.passed]);
      timer.clear();
      return done;
    },
  };
};

const closeInReverse = async (opened: Opened[], report: Report): Promise<boolean> => {
  let clean = true;
  for (let part = opened.pop(); part; part = opened.pop()) {
    try {
      await part.close();
    } catch (err) {
      clean = false;
      report({ part: part.name, err });
    }
  }
  return clean;
};

const createTimer = (seconds: number): { passed: Promise<false>; clear: () => void } => {
  const { promise, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(resolve, seconds * 1000, false as const);
  return { passed: promise, clear: () => clearTimeout(timer) };
};

/** Why a process stops: a signal's name, or the error that nobody handled. */
export type Stop = { readonly reason: string; readonly error: AppError | null };

/**
 * Answers the first reason to stop: SIGTERM, SIGINT, or an error that nobody handled. Call it before anything is
 * opened. A second signal ends the process at once with exit code 1, whatever the first one is still doing.
 */
export const waitForStop = (): Promise<Stop> => {
  const { promise, resolve } = Promise.withResolvers<Stop>();
  let signals = 0;
  const onSignal = (reason: string) => {
    signals += 1;
    if (signals > 1) process.exit(1);
    resolve({ reason, error: null });
  };
  const onFailure = (thrown: unknown) => {
    const error = toAppError(thrown);
    resolve({ reason: error.code, error });
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  process.on('uncaughtException', onFailure).on('unhandledRejection', onFailure);
  return promise;
};

/** 2: wrong usage; 3: refused by a precondition that the operator can change; 1: failed. */
export const exitCodeOf = (thrown: unknown): ExitCode => {
  const { kind } = toAppError(thrown);
  if (kind === 'invalid') return 2;
  return kind === 'conflict' || kind === 'forbidden' || kind === 'not_found' ? 3 : 1;
};
