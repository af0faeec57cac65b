import { spawnSync } from 'node:child_process';

/** The version that a program tells of itself, null if it is not installed. */
export const findTool = (command: string, ...args: readonly string[]): string | null => {
  const run = spawnSync(command, args, { encoding: 'utf8' });
  return run.status === 0 ? run.stdout.trim() : null;
};
