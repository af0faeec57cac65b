import { Logger, makeWorkerUtils, run, type Runner } from 'graphile-worker';

import type { OpenQueue } from './queue.ts';

/** Batched as its documentation says for speed; its log, one line a task, is left out in its favour. */
export const openGraphile: OpenQueue = async (connectionString) => {
  const logger = new Logger(() => () => undefined);
  const utils = await makeWorkerUtils({ connectionString, logger });
  await utils.migrate();
  let runner: Runner | null = null;
  return {
    enqueueMany: async (count) => {
      await utils.addJobs(Array.from({ length: count }, (_, n) => ({ identifier: 'nothing', payload: { n } })));
    },
    enqueue: async () => {
      await utils.addJob('nothing', { n: 0 });
    },
    work: async (onRun) => {
      runner = await run({
        preset: {
          worker: {
            connectionString,
            concurrentJobs: 24,
            maxPoolSize: 25,
            localQueue: { size: 500 },
            completeJobBatchDelay: 0,
            failJobBatchDelay: 0,
          },
        },
        logger,
        noHandleSignals: true,
        taskList: {
          nothing: () => {
            onRun();
            return Promise.resolve();
          },
        },
      });
    },
    close: async () => {
      await runner?.stop();
      await utils.release();
    },
  };
};
