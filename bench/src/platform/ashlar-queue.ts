import { z } from 'zod';

import { createTaskMetrics } from '../../../src/kernel/tasks/task-metrics.ts';
import { createTasks } from '../../../src/kernel/tasks/tasks.ts';
import { openTaskWorker } from '../../../src/kernel/tasks/worker.ts';
import { asyncTask } from '../../../src/kernel/usecase.ts';
import { openGround } from './ashlar-ground.ts';
import type { OpenQueue } from './queue.ts';

const contract = { name: 'bench.nothing', payload: z.object({ n: z.int() }) };

/** As the program runs it: checked payloads, a log line in a file and a metric for every task. */
const openWith =
  (keep: 'all' | 'none'): OpenQueue =>
  async (url) => {
    const ground = await openGround(url);
    const { database, log, metrics, runner } = ground;
    const tasks = createTasks(database, log);
    let stop: () => Promise<void> = () => Promise.resolve();
    return {
      enqueueMany: async (count) => {
        const items = Array.from({ length: count }, (_, n) => ({ payload: { n } }));
        await database.transaction((tx) => tasks.enqueueMany(tx, contract, items));
      },
      enqueue: async () => {
        await database.transaction((tx) => tasks.enqueue(tx, contract, { n: 0 }));
      },
      work: async (onRun) => {
        const execute = () => {
          onRun();
          return Promise.resolve({ ok: true });
        };
        const presence = await ground.openPresence();
        const worker = openTaskWorker({
          presence,
          tasks: [{ module: 'bench', usecase: asyncTask({ operationId: 'nothing', payload: contract.payload, keep, execute }) }],
          queues: null,
          slots: { database: 16, network: 16, cache: 8, background: 4 },
          runner,
          wakes: tasks.wakes,
          diedEvent: { name: 'bench.task_died', payload: z.any() },
          eventWakes: { announce: () => undefined },
          log,
          metrics: createTaskMetrics(metrics),
          now: () => new Date(),
          onExhausted: () => undefined,
        });
        stop = async () => {
          await worker.close({ deadlineSeconds: 10 });
          await presence.close();
        };
      },
      close: async () => {
        await stop();
        await tasks.close();
        await ground.close();
      },
    };
  };

export const openAshlar = openWith('none');
export const openAshlarKeeping = openWith('all');
