import { openTaskWorkerPart } from '#app/parts/task-worker.ts';
import { createMetrics } from '#kernel/observability/create-metrics.ts';
import { createLifecycle } from '#kernel/lifecycle.ts';
import type { TestApp } from '#test/app.ts';

/** Runs the tasks of the app in this process until it is closed. */
export const openWorker = async (app: TestApp): Promise<{ close(): Promise<void> }> => {
  const lifecycle = createLifecycle();
  // Several may follow each other on one app.
  const working = { ...app, kernel: { ...app.kernel, metrics: createMetrics() } };
  await openTaskWorkerPart(working, { name: 'test', summary: '', modules: [], parts: [] }, lifecycle);
  return {
    close: async () => {
      await lifecycle.close({ deadlineSeconds: 10, report: ({ err }) => app.kernel.log.error({ err }) });
    },
  };
};
