import type { Module } from '#kernel/module.ts';
import type { UseCase } from '#kernel/usecase.ts';
import type { PlatformDeps } from './deps.ts';
import { createProcessWatch } from './logic/process-watch.ts';
import { showConfig } from './usecases/config/show-config.ts';
import { validateConfig } from './usecases/config/validate-config.ts';
import { stopDatabase } from './usecases/database/stop-database.ts';
import { getHealth } from './usecases/health/get-health.ts';
import { applyMigrations } from './usecases/migrations/apply-migrations.ts';
import { createMigration } from './usecases/migrations/create-migration.ts';
import { getMigrations } from './usecases/migrations/get-migrations.ts';
import { revertMigrations } from './usecases/migrations/revert-migrations.ts';
import { cancelTask } from './usecases/tasks/cancel-task.ts';
import { clearTasks } from './usecases/tasks/clear-tasks.ts';
import { getQueues } from './usecases/tasks/get-queues.ts';
import { getTask } from './usecases/tasks/get-task.ts';
import { getTasks } from './usecases/tasks/get-tasks.ts';
import { getWorkers } from './usecases/tasks/get-workers.ts';
import { holdQueue } from './usecases/tasks/hold-queue.ts';
import { listQueues } from './usecases/tasks/list-queues.ts';
import { listTasks } from './usecases/tasks/list-tasks.ts';
import { pauseQueue } from './usecases/tasks/pause-queue.ts';
import { probe } from './usecases/tasks/probe.ts';
import { probeTasks } from './usecases/tasks/probe-tasks.ts';
import { purgeTasks } from './usecases/tasks/purge-tasks.ts';
import { releaseQueue } from './usecases/tasks/release-queue.ts';
import { requeueTask } from './usecases/tasks/requeue-task.ts';
import { resumeQueue } from './usecases/tasks/resume-queue.ts';
import { retryTask } from './usecases/tasks/retry-task.ts';
import { retryTasks } from './usecases/tasks/retry-tasks.ts';
import { showTask } from './usecases/tasks/show-task.ts';
import { stopTask } from './usecases/tasks/stop-task.ts';

const usecases: readonly ((deps: PlatformDeps) => UseCase)[] = [
  applyMigrations,
  cancelTask,
  clearTasks,
  createMigration,
  getHealth,
  getMigrations,
  getQueues,
  getTask,
  getTasks,
  getWorkers,
  holdQueue,
  listQueues,
  listTasks,
  pauseQueue,
  probe,
  probeTasks,
  purgeTasks,
  releaseQueue,
  requeueTask,
  resumeQueue,
  retryTask,
  retryTasks,
  revertMigrations,
  showConfig,
  showTask,
  stopDatabase,
  stopTask,
  validateConfig,
];

export const createPlatformModule = (given: Omit<PlatformDeps, 'processWatch'>): Module => {
  const processWatch = createProcessWatch();
  const deps: PlatformDeps = { ...given, processWatch };
  return {
    name: 'platform',
    portal: null,
    usecases: usecases.map((create) => create(deps)),
    start: () => Promise.resolve(processWatch.start()),
    stop: () => Promise.resolve(processWatch.stop()),
  };
};
