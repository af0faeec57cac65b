import { z } from 'zod';

import { openDatabase } from '#kernel/database/open-database.ts';
import { Inbox } from '#kernel/feed/inbox.ts';
import { createMetrics } from '#kernel/observability/create-metrics.ts';
import { startPresence } from '#kernel/presence/open-presence.ts';
import { createRunner } from '#kernel/run.ts';
import { createTaskMetrics } from '#kernel/tasks/task-metrics.ts';
import { createTasks, type EnqueueOptions } from '#kernel/tasks/tasks.ts';
import { announceFreed } from '#kernel/tasks/wakes.ts';
import { openTaskWorker, type TaskWorker, type TaskWorkerOptions } from '#kernel/tasks/worker.ts';
import { type AsyncTask, asyncTask, type TaskContract, type TaskCtx } from '#kernel/usecase.ts';
import { buildLog, buildTelemetry } from '#test/build.ts';

export const loose = z.record(z.string(), z.unknown());
type Payload = z.output<typeof loose>;

type Head = Partial<Omit<AsyncTask<typeof loose>, 'type' | 'execute'>> & { readonly queue: string };

type TestWorker = TaskWorker & { readonly processId: string };

/** Everything that tasks need and no more: a database, a runner, and as many workers as a test opens. */
export const openTaskApp = async (url: string) => {
  const lines: Record<string, unknown>[] = [];
  const log = buildLog(lines);
  const metrics = createMetrics();
  const telemetry = await buildTelemetry(log);
  const database = await openDatabase({ url, log, metrics, telemetry });
  const hooks = { see: () => undefined, record: () => undefined, alert: () => undefined, audit: () => undefined };
  const runner = createRunner({ database, log, metrics, telemetry, hooks });
  const tasks = createTasks(database, log);
  const taskMetrics = createTaskMetrics(metrics);
  const workers: TestWorker[] = [];
  const died: string[] = [];

  /** Each is a process of its own for all that PostgreSQL knows. */
  const work = (
    heads: readonly AsyncTask[],
    { isPooled = false, ...options }: Partial<TaskWorkerOptions> & { readonly isPooled?: boolean } = {},
  ): TestWorker => {
    const observer = { metrics, telemetry };
    const inbox = new Inbox({ windowSeconds: 60, log });
    const presence = startPresence({ url, isPooled, role: 'test', release: 'test', inbox, observer, log });
    announceFreed(presence, tasks.wakes, log);
    const worker = openTaskWorker({
      presence,
      tasks: heads.map((usecase) => ({ module: 'test', usecase })),
      queues: null,
      slots: { database: 16, network: 16, cache: 8, background: 4 },
      runner,
      wakes: tasks.wakes,
      diedEvent: { name: 'test.task_died', payload: z.any() },
      eventWakes: { announce: (names) => void died.push(...names) },
      log,
      metrics: taskMetrics,
      now: () => new Date(),
      onExhausted: () => undefined,
      ...options,
    });
    const opened: TestWorker = {
      processId: presence.processId,
      close: async (deadline) => {
        await worker.close(deadline);
        await presence.close();
      },
    };
    workers.push(opened);
    return opened;
  };

  return {
    database,
    tasks,
    log,
    metrics,
    lines,
    /** Of each death, the event that was announced. */
    died,
    work,
    enqueue: (contract: TaskContract<typeof loose>, payload: Payload = {}, options: EnqueueOptions = {}) =>
      database.transaction((tx) => tasks.enqueue(tx, contract, payload, options)),
    close: async () => {
      for (const worker of workers) await worker.close({ deadlineSeconds: 6 });
      await tasks.close();
      await database.close();
    },
  };
};

/** A task of the module `test`, in a queue of its own; its contract beside it. */
export const buildTask = (
  operationId: string,
  head: Head,
  execute: (ctx: TaskCtx, payload: Payload) => Promise<unknown>,
) => ({
  contract: { name: `test.${operationId}`, payload: loose, queue: head.queue } satisfies TaskContract,
  usecase: asyncTask({ operationId, payload: loose, ...head, execute }),
});

/** Waits until `look` answers something; says what it waited for when it gives up. */
export const eventually = async <T>(
  what: string,
  look: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  seconds = 10,
): Promise<T> => {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`did not happen within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
