import type { OpenPart, Role } from './role.ts';

const http = async (): Promise<OpenPart> => (await import('./parts/http.ts')).openHttpPart;

const taskWorker = async (): Promise<OpenPart> => (await import('./parts/task-worker.ts')).openTaskWorkerPart;

const cronManager = async (): Promise<OpenPart> => (await import('./parts/cron-manager.ts')).openCronManagerPart;

const eventConsumer = async (): Promise<OpenPart> => (await import('./parts/event-consumer.ts')).openEventConsumerPart;

/** Which process runs what. */
export const roles: readonly Role[] = [
  {
    name: 'run-all-in-one',
    summary: 'Run everything in one process',
    modules: 'all',
    hasWorker: true,
    parts: [taskWorker, cronManager, eventConsumer, http],
  },
  { name: 'run-auth-http', summary: 'Serve the paths of auth', modules: ['auth'], parts: [http] },
  { name: 'run-platform-http', summary: 'Serve the paths of platform', modules: ['platform'], parts: [http] },
  {
    name: 'run-task-worker',
    summary: 'Run tasks; over HTTP only probes and metrics',
    modules: [],
    hasWorker: true,
    hasQueues: true,
    parts: [taskWorker, http],
  },
  {
    name: 'run-cron-manager',
    summary: 'Enqueue what schedules ask for; over HTTP only probes and metrics',
    modules: [],
    parts: [cronManager, http],
  },
  {
    name: 'run-event-consumer',
    summary: 'Hand events to their subscribers; over HTTP only probes and metrics',
    modules: [],
    parts: [eventConsumer, http],
  },
];
