import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('keyed-process.ts', import.meta.url));

export type Served = {
  readonly url: string;
  /** kill -9; ends when the process is gone. */
  kill(): Promise<void>;
};

/** Processes that serve the actions of `effects.ts`; `close` kills those that are left. */
export const openProcesses = (databaseUrl: string) => {
  const children = new Set<ChildProcess>();
  return {
    start: async (): Promise<Served> => {
      const child = fork(program, [databaseUrl]);
      children.add(child);
      const [url] = await once(child, 'message');
      return {
        url: String(url),
        kill: async () => {
          child.kill('SIGKILL');
          children.delete(child);
          await once(child, 'exit');
        },
      };
    },
    close: () => children.forEach((child) => child.kill('SIGKILL')),
  };
};
