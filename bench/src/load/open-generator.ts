import { join } from 'node:path';

import type { Children } from '../host/children.ts';
import type { LoadJob, LoadResult } from './job.ts';

export type Generator = { load(job: LoadJob): Promise<LoadResult> };

type Reply = { readonly result: LoadResult } | { readonly failure: string };

export const openGenerator = async (children: Children): Promise<Generator> => {
  const child = children.start(process.execPath, [join(import.meta.dirname, 'generator.ts')], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  await child.firstLine(10);
  return {
    load: (job) =>
      new Promise((resolve, reject) => {
        const seconds = job.warmupSeconds + job.seconds + 20;
        const timer = setTimeout(
          () => reject(new Error(`the load generator did not answer within ${seconds} s`)),
          seconds * 1000,
        );
        child.process.once('message', (message) => {
          clearTimeout(timer);
          const reply = message as Reply;
          if ('result' in reply) resolve(reply.result);
          else reject(new Error(`the load generator failed: ${reply.failure}`));
        });
        child.process.send(job);
      }),
  };
};
