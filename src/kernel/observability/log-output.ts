import { writeSync } from 'node:fs';

import sonic, { type SonicBoom } from 'sonic-boom';

import { AppError } from '../error.ts';

export type Rotation = {
  /** A file is closed when it has grown to this size. */
  readonly sizeMegabytes: number;
  /** And when the local day or hour ends. */
  readonly frequency: 'daily' | 'hourly';
  /** Files kept, the current one included. */
  readonly keep: number;
};

export type LogOutputOptions = {
  /** `stdout`, `stderr`, or a path: `logs/ashlar.log` becomes `logs/ashlar.2026-01-31.1.log`. */
  readonly output: string;
  readonly rotation: Rotation;
  /** Collect up to 8 KB or 200 ms; false writes at once, for a person who watches. */
  readonly isBuffered: boolean;
  /** Called once the output works again after `lines` were given up. */
  readonly onRecovered: (lines: number) => void;
};

export type LogOutput = {
  /** Never throws and never waits. */
  write(line: string): void;
  /** Writes what is buffered, waits for it, and lets the file go. */
  close(): Promise<void>;
};

/** pino's advice for its own destination; above it a write costs less than the lines that it carries. */
const chunkLength = 8192;
const flushMs = 200;
const retryMs = 1000;
const closeMs = 2000;
/** What an output that does not take its lines may cost in memory; further lines are counted and dropped. */
const maxPendingLength = 4 * 1024 * 1024;

/** Opens where the log goes. A failing output never stops the program: it is told on stderr, once per failure. */
export const openLogOutput = async (options: LogOutputOptions): Promise<LogOutput> => {
  const stream = await openStream(options);
  const buffer = new LineBuffer(stream, options);
  const flush = () => buffer.flushSync();
  process.on('exit', flush);
  return {
    write: (line) => buffer.write(line),
    close: async () => {
      await buffer.close();
      process.off('exit', flush);
    },
  };
};

/** Outputs that are open already, by name. */
export const standardOutputs: ReadonlyMap<string, number> = new Map([
  ['stdout', 1],
  ['stderr', 2],
]);

/** Unbuffered streams: SonicBoom's own `flushSync` repeats for ever when the disk is full, so the buffer is ours. */
const openStream = async ({ output, rotation }: LogOutputOptions): Promise<SonicBoom> => {
  const fd = standardOutputs.get(output);
  if (fd !== undefined) return new sonic.SonicBoom({ fd, sync: false });
  try {
    const { default: pinoRoll } = await import('pino-roll');
    const stream = await pinoRoll({
      file: output,
      size: rotation.sizeMegabytes,
      frequency: rotation.frequency,
      dateFormat: rotation.frequency === 'daily' ? 'yyyy-MM-dd' : 'yyyy-MM-dd-HH',
      limit: { count: rotation.keep, removeOtherLogFiles: true },
      mkdir: true,
      mode: 0o640,
    });
    await isReady(stream);
    return stream;
  } catch (cause) {
    const message = `cannot open the log file ${output}: make its folder writable, or set logger.output to stdout`;
    throw new AppError('LOG_OUTPUT_UNAVAILABLE', { kind: 'unavailable', details: { message }, cause });
  }
};

const isReady = (stream: SonicBoom): Promise<void> =>
  new Promise((resolve, reject) => {
    stream.once('ready', resolve);
    stream.once('error', reject);
  }).then(() => void stream.removeAllListeners('error'));

/** Gathers lines into chunks and keeps one chunk on its way at a time, so that what is unwritten is always known. */
class LineBuffer {
  readonly #stream: SonicBoom;
  readonly #options: LogOutputOptions;
  #pending = '';
  #dropped = 0;
  #isWriting = false;
  #isFailing = false;
  #isGone = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(stream: SonicBoom, options: LogOutputOptions) {
    this.#stream = stream;
    this.#options = options;
    stream.on('drain', () => this.#written());
    stream.on('error', (error: NodeJS.ErrnoException) => this.#failed(error));
  }

  write(line: string): void {
    if (this.#isGone) return;
    if (this.#pending.length > maxPendingLength) {
      this.#dropped += 1;
      return;
    }
    this.#pending += line;
    if (this.#isWriting) return;
    if (!this.#options.isBuffered || this.#pending.length >= chunkLength) this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), flushMs).unref();
  }

  /** For the process's last moment: what is on its way is finished by the thread pool, the rest is written here. */
  flushSync(): void {
    const rest = Buffer.from(this.#pending);
    this.#pending = '';
    if (!this.#isGone) writeAllSync(fdOf(this.#stream), rest);
  }

  async close(): Promise<void> {
    if (this.#isGone) return;
    const { promise: isLate, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, closeMs);
    await Promise.race([this.#emptied(), isLate]);
    clearTimeout(timer);
    this.flushSync();
    this.#isGone = true;
    this.#stopTimer();
    await Promise.race([ended(this.#stream), isLate]);
  }

  async #emptied(): Promise<void> {
    if (!this.#isWriting && this.#pending !== '') this.#send();
    while (this.#isWriting && !this.#isFailing) {
      await new Promise((resolve) => {
        this.#stream.once('drain', resolve);
        this.#stream.once('error', resolve);
      });
    }
  }

  #send(): void {
    this.#stopTimer();
    const chunk = this.#pending;
    this.#pending = '';
    this.#isWriting = true;
    this.#stream.write(chunk);
  }

  #written(): void {
    this.#isWriting = false;
    this.#isFailing = false;
    if (this.#dropped > 0) this.#recovered();
    if (this.#pending !== '') this.#send();
  }

  #recovered(): void {
    const lines = this.#dropped;
    this.#dropped = 0;
    this.#options.onRecovered(lines);
  }

  /** The stream keeps the chunk that it could not write, and tries it again before the next one. */
  #failed(error: NodeJS.ErrnoException): void {
    if (error.code === 'EPIPE') {
      this.#isGone = true;
      this.#pending = '';
      this.#stopTimer();
      return;
    }
    if (!this.#isFailing) report(this.#options.output, error);
    this.#isFailing = true;
    this.#stopTimer();
    this.#timer = setTimeout(() => this.#send(), retryMs).unref();
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

/** SonicBoom's types leave out its public `fd`, which changes when the file rotates. */
const fdOf = (stream: SonicBoom): number => (stream as SonicBoom & { readonly fd: number }).fd;

const ended = (stream: SonicBoom): Promise<void> =>
  new Promise((resolve) => {
    stream.once('close', resolve);
    stream.once('error', () => resolve());
    stream.end();
  });

/** Bounded where SonicBoom's is not: a reader that takes nothing holds the exit up for half a second at most. */
const writeAllSync = (fd: number, bytes: Buffer): void => {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  let offset = 0;
  let waits = 0;
  while (offset < bytes.length && waits < 50) {
    const written = tryWriteSync(fd, bytes.subarray(offset));
    if (written === null) return;
    offset += written;
    if (written > 0) continue;
    Atomics.wait(pause, 0, 0, 10);
    waits += 1;
  }
};

/** Null: the output is lost, and this was the last place to say so. */
const tryWriteSync = (fd: number, bytes: Buffer): number | null => {
  try {
    return writeSync(fd, bytes);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EAGAIN' ? 0 : null;
  }
};

const report = (output: string, error: NodeJS.ErrnoException): void => {
  const advice = 'free space or permit it; lines wait in memory, and are dropped when there are too many';
  writeAllSync(2, Buffer.from(`ashlar: cannot write the log to ${output}: ${error.message}: ${advice}\n`));
};
