import { createTaskMetrics } from '#kernel/tasks/task-metrics.ts';
import { openTaskWorker } from '#kernel/tasks/worker.ts';
import { taskDied } from '#portals/platform.ts';
import type { OpenPart } from '../role.ts';
import { listTasks } from '../usecases.ts';

/** Runs the tasks of every module, and on the way down gives back what it cannot finish. */
export const openTaskWorkerPart: OpenPart = async (app, _role, lifecycle) => {
  const { kernel, config } = app;
  const { log, metrics, presence, runner, now } = kernel;
  const { queues, pools } = config.tasks;
  const { deadlineSeconds } = config.shutdown;
  await lifecycle.open(
    'task worker',
    () =>
      openTaskWorker({
        presence,
        tasks: listTasks(app),
        queues: queues.length === 0 ? null : queues,
        slots: pools,
        runner,
        wakes: kernel.tasks.wakes,
        diedEvent: taskDied,
        eventWakes: kernel.events.wakes,
        log,
        metrics: createTaskMetrics(metrics),
        now,
        onExhausted: failProcess,
      }),
    (worker) => worker.close({ deadlineSeconds }),
  );
};

/** An error that nobody handles stops the process in order, with exit code 1; whoever supervises it starts another. */
const failProcess = (): void => {
  queueMicrotask(() => {
    throw new Error('four tasks ignored their timeout: this process is replaced');
  });
};
