import { join } from 'node:path';
import { z } from 'zod';

import { migrateUp } from '../../../src/kernel/database/migrate/migrate-up.ts';
import { openDatabase } from '../../../src/kernel/database/open-database.ts';
import { Inbox } from '../../../src/kernel/feed/inbox.ts';
import { createMetrics } from '../../../src/kernel/observability/create-metrics.ts';
import { openLogger } from '../../../src/kernel/observability/logger.ts';
import { openTelemetry } from '../../../src/kernel/observability/open-telemetry.ts';
import { openPresence } from '../../../src/kernel/presence/open-presence.ts';
import { createRunner } from '../../../src/kernel/run.ts';
import { createTaskMetrics } from '../../../src/kernel/tasks/task-metrics.ts';
import { createTasks } from '../../../src/kernel/tasks/tasks.ts';
import { openTaskWorker } from '../../../src/kernel/tasks/worker.ts';
import { asyncTask } from '../../../src/kernel/usecase.ts';
import type { OpenQueue } from './queue.ts';

const directory = join(import.meta.dirname, '../../../migrations');
const contract = { name: 'bench.nothing', payload: z.object({ n: z.int() }) };
const identity = { release: 'bench', role: 'bench' };

/** As the program runs it: checked payloads, a log line in a file and a metric for every task. */
const openWith =
  (keep: 'all' | 'none'): OpenQueue =>
  async (url) => {
    const output = join(process.env['BENCH_DIRECTORY'] ?? '.', `tasks-${process.pid}.log`);
    const rotation = { sizeMegabytes: 1000, frequency: 'daily', keep: 1 } as const;
    const logger = await openLogger({ level: 'info', format: 'json', output, rotation, ...identity });
    const { log } = logger;
    await migrateUp({ ownerUrl: url, directory, log });
    const metrics = createMetrics();
    const untraced = { otlpEndpoint: null, headers: {}, sampleRatio: 1, serviceName: 'bench' };
    const telemetry = await openTelemetry({ ...untraced, ...identity, log });
    const database = await openDatabase({ url, log, metrics, telemetry });
    const hooks = { see: () => undefined, record: () => undefined, alert: () => undefined, audit: () => undefined };
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
        const observer = { metrics, telemetry };
        const inbox = new Inbox({ windowSeconds: 60, log });
        const presence = await openPresence({ ...identity, url, isPooled: false, inbox, observer, log });
        const worker = openTaskWorker({
          presence,
          tasks: [{ module: 'bench', usecase: asyncTask({ operationId: 'nothing', payload: contract.payload, keep, execute }) }],
          queues: null,
          slots: { database: 16, network: 16, cache: 8, background: 4 },
          runner: createRunner({ database, log, metrics, telemetry, hooks }),
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
        await database.close();
        await logger.close();
      },
    };
  };

export const openAshlar = openWith('none');
export const openAshlarKeeping = openWith('all');
