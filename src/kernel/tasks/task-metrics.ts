import type { Metrics } from '../observability/metrics.ts';

export type TaskMetrics = {
  duration(task: string, outcome: string, seconds: number): void;
  dead(task: string, reason: string): void;
  /** Seconds that the oldest ready task of each queue has waited, when somebody last looked. */
  oldestReady(byQueue: ReadonlyMap<string, number>): void;
};

export const createTaskMetrics = (metrics: Pick<Metrics, 'counter' | 'histogram' | 'gauge'>): TaskMetrics => {
  let oldest: ReadonlyMap<string, number> = new Map();
  const durations = metrics.histogram({
    name: 'ashlar_task_duration_seconds',
    help: 'Time of one attempt of a task, by how it ended.',
    labelNames: ['task', 'outcome'],
  });
  const dead = metrics.counter({
    name: 'ashlar_task_dead_total',
    help: 'Tasks that are not tried again.',
    labelNames: ['task', 'reason'],
  });
  metrics.gauge({
    name: 'ashlar_task_oldest_ready_seconds',
    help: 'How long the oldest task that could run has been waiting.',
    labelNames: ['queue'],
    read: () => Array.from(oldest, ([queue, value]) => ({ labels: { queue }, value })),
  });
  return {
    duration: (task, outcome, seconds) => durations.observe({ task, outcome }, seconds),
    dead: (task, reason) => dead.add({ task, reason }),
    oldestReady: (byQueue) => {
      oldest = byQueue;
    },
  };
};
