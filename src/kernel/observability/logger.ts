import { isatty } from 'node:tty';

import { pino, type Logger as PinoLogger } from 'pino';

import { createLogRing, type RecentLines } from './log-ring.ts';
import { openLogOutput, type Rotation, standardOutputs } from './log-output.ts';
import { createRedactor, type Redactor } from './redact.ts';
import { currentScope } from './scope.ts';

export type Logger = PinoLogger;

export type LoggerOptions = {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  /** `auto` is pretty on a terminal and JSON elsewhere. */
  readonly format: 'auto' | 'json' | 'pretty';
  /** `stdout`, `stderr`, or a path. */
  readonly output: string;
  /** For a path only. */
  readonly rotation: Rotation;
  readonly release: string;
  readonly role: string;
};

export type OpenLogger = {
  readonly log: Logger;
  /** As they were written, redacted. */
  readonly recent: RecentLines;
  /** Writes what is buffered; the last thing that a process closes. Later lines are lost. */
  close(): Promise<void>;
};

/** The log of this process, written by the process itself. Throws LOG_OUTPUT_UNAVAILABLE if its file cannot be opened. */
export const openLogger = async (options: LoggerOptions): Promise<OpenLogger> => {
  const recent = createLogRing();
  if (options.level === 'silent') return { log: pino({ level: 'silent' }), recent, close: () => Promise.resolve() };
  const redactor = createRedactor();
  const fd = standardOutputs.get(options.output);
  const isTerminal = fd !== undefined && isatty(fd);
  const isPretty = options.format === 'pretty' || (options.format === 'auto' && isTerminal);
  const show = isPretty ? await createPrettifier(isTerminal) : (line: string) => line;
  const output = await openLogOutput({
    output: options.output,
    rotation: options.rotation,
    isBuffered: !isPretty,
    onRecovered: (lines) => log.warn({ lines }, 'log lines were lost while the log could not be written'),
  });
  const write = (line: string) => {
    const scrubbed = redactor.scrub(line);
    recent.add(scrubbed);
    output.write(show(scrubbed));
  };
  const log = createLogger(options, redactor, { write });
  return { log, recent, close: () => output.close() };
};

/** pino over anything that takes lines, with our fields and without secrets. */
const createLogger = (
  { level, release, role }: LoggerOptions,
  { loggable }: Redactor,
  stream: { write(line: string): void },
): Logger => {
  const log = pino(
    {
      level,
      base: { pid: process.pid, role, release },
      timestamp: createTimestamp(),
      formatters: { level: (label) => ({ level: label }), log: loggable },
      serializers: { err: (described: unknown) => described },
      mixin: scopeFields,
    },
    stream,
  );
  const child = log.child;
  const redactedChild = function (this: Logger, bindings: Record<string, unknown>, options?: object) {
    return child.call(this, loggable(bindings), options);
  };
  return Object.assign(log, { child: redactedChild });
};

/** ISO text, made once a millisecond: pino's own makes it for every line, which costs as much as half the line (0.6 µs). */
const createTimestamp = (): (() => string) => {
  let madeAt = 0;
  let text = '';
  return () => {
    const now = Date.now();
    if (now !== madeAt) text = `,"time":"${new Date(now).toISOString()}"`;
    madeAt = now;
    return text;
  };
};

/** A new object each time: pino merges the line's own fields into it. */
const scopeFields = (): Record<string, string> => {
  const scope = currentScope();
  if (scope === undefined) return {};
  return scope.operation === null ? { traceId: scope.traceId } : { traceId: scope.traceId, operation: scope.operation };
};

const createPrettifier = async (colorize: boolean): Promise<(line: string) => string> => {
  const { prettyFactory } = await import('pino-pretty');
  return prettyFactory({ colorize, translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid,role,release' });
};
