import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { readCommand } from './processes.ts';

/** The pids of PostgreSQL servers whose data lies below a directory; a stale pid file is not taken at its word. */
export const findPostmasters = (directory: string): number[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('postmaster.pid'))
    .map((path) => Number(readFileSync(join(directory, path), 'utf8').split('\n')[0]))
    .filter((pid) => readCommand(pid).includes(directory));

/** Ashlar's embedded server outlives the process that started it: an interrupted bench must not leave it behind. */
export const stopStrayPostmasters = async (directory: string): Promise<void> => {
  const stray = findPostmasters(directory);
  for (const pid of stray) process.kill(pid, 'SIGINT');
  const deadline = performance.now() + 10_000;
  while (stray.some((pid) => readCommand(pid) !== '') && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
