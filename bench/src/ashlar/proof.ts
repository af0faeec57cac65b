import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import type { Contender } from '../measure.ts';
import type { Sink } from './sink.ts';

export type Proof = {
  readonly requests: number;
  readonly logLines: number;
  readonly spans: number;
  /** A line and a span at least for each request. */
  readonly isWhole: boolean;
};

const REQUESTS = 20;
const WAIT_SECONDS = 10;

/** Asks a few times and waits for the lines and spans, so that nobody takes a program with both switched off for fast. */
export const proveTelemetry = async (
  { server, path }: Pick<Contender, 'server' | 'path'>,
  logFile: string,
  sink: Sink,
): Promise<Proof> => {
  const token = await server.token();
  const before = { logLines: countLines(logFile), spans: sink.spans() };
  for (let asked = 0; asked < REQUESTS; asked += 1) {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    await response.arrayBuffer();
  }
  const deadline = performance.now() + WAIT_SECONDS * 1000;
  for (;;) {
    const logLines = countLines(logFile) - before.logLines;
    const spans = sink.spans() - before.spans;
    const isWhole = logLines >= REQUESTS && spans >= REQUESTS;
    if (isWhole || performance.now() > deadline) return { requests: REQUESTS, logLines, spans, isWhole };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};

/** In the file and in what rotation made of it: `server.log` becomes `server.1.log` or the like. */
const countLines = (logFile: string): number => {
  const directory = dirname(logFile);
  if (!existsSync(directory)) return 0;
  const stem = basename(logFile, '.log');
  const files = readdirSync(directory).filter((name) => name.startsWith(stem));
  return files.reduce((sum, name) => sum + readFileSync(join(directory, name), 'latin1').split('\n').length - 1, 0);
};
