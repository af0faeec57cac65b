import { PgBoss } from 'pg-boss';

import type { OpenQueue } from './queue.ts';

/** Batched: full batches follow each other without a pause. It keeps finished jobs, always. */
export const openPgBoss: OpenQueue = async (connectionString) => {
  const boss = new PgBoss({ connectionString, supervise: false, schedule: false });
  boss.on('error', (error) => process.stderr.write(`pg-boss: ${String(error)}\n`));
  await boss.start();
  await boss.createQueue('nothing');
  return {
    enqueueMany: async (count) => {
      await boss.insert(
        'nothing',
        Array.from({ length: count }, (_, n) => ({ data: { n } })),
      );
    },
    enqueue: async () => {
      await boss.send('nothing', { n: 0 });
    },
    work: async (onRun) => {
      const options = { batchSize: 500, pollingIntervalSeconds: 0.5, burstWhenBatchFull: true, localConcurrency: 2 };
      await boss.work('nothing', options, async (jobs) => {
        for (const _job of jobs) onRun();
        await Promise.resolve();
      });
    },
    close: () => boss.stop({ graceful: false }),
  };
};
