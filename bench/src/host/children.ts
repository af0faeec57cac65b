import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { createInterface } from 'node:readline';

import { readTree } from './processes.ts';

export type Child = {
  readonly pid: number;
  readonly process: ChildProcess;
  /** How it ended and the end of its stderr, once it has. */
  readonly ended: Promise<string>;
  /** Stops the child and its descendants, by pid: first politely, after the deadline SIGKILL. */
  stop(): Promise<void>;
  /** The first line on stdout; rejects with the end of stderr if the child ends before. */
  firstLine(deadlineSeconds: number): Promise<string>;
};

/** PostgreSQL stops fast on SIGINT only; everything else stops on SIGTERM. */
export type StartOptions = SpawnOptions & { readonly stopSignal?: NodeJS.Signals };

/** Everything that the bench started: whatever ends the bench, ends these. */
export type Children = {
  start(command: string, args: readonly string[], options?: StartOptions): Child;
  stopAll(): Promise<void>;
};

const STOP_SECONDS = 10;

export const createChildren = (): Children => {
  const running = new Set<Child>();
  return {
    start: (command, args, options = {}) => {
      const child = startChild(command, args, options);
      running.add(child);
      child.process.once('exit', () => running.delete(child));
      return child;
    },
    stopAll: async () => {
      // In reverse: the database was started first and goes last.
      for (const child of [...running].reverse()) await child.stop();
    },
  };
};

const startChild = (command: string, args: readonly string[], options: StartOptions): Child => {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  const errors: string[] = [];
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors.push(text);
    if (errors.length > 50) errors.shift();
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(`it ended with ${signal ?? code}: ${errors.join('').slice(-2000)}`));
  });
  const pid = child.pid ?? 0;
  return {
    pid,
    process: child,
    ended,
    stop: () => stopTree(child, options.stopSignal ?? 'SIGTERM', ended),
    firstLine: (seconds) => readFirstLine(child, ended, { what: `${command} ${args.join(' ')}`, seconds }),
  };
};

const stopTree = async (child: ChildProcess, signal: NodeJS.Signals, ended: Promise<string>): Promise<void> => {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const tree = readTree(child.pid);
  child.kill(signal);
  const timer = setTimeout(() => tree.forEach(killIfAlive), STOP_SECONDS * 1000);
  await ended;
  clearTimeout(timer);
};

const killIfAlive = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
};

type Wanted = { readonly what: string; readonly seconds: number };

const readFirstLine = (child: ChildProcess, ended: Promise<string>, { what, seconds }: Wanted): Promise<string> =>
  new Promise((resolve, reject) => {
    if (child.stdout === null) throw new Error(`${what} was started without stdout`);
    const timer = setTimeout(() => reject(new Error(`${what} said nothing within ${seconds} s`)), seconds * 1000);
    const settle = (end: () => void) => {
      clearTimeout(timer);
      end();
    };
    const lines = createInterface({ input: child.stdout });
    lines.once('line', (line) => settle(() => resolve(line)));
    void ended.then((why) => settle(() => reject(new Error(`${what} did not start: ${why}`))));
  });
