import type { Kernel } from '#kernel/kernel.ts';
import type { StatRecorder } from './stat-recorder.ts';

export const exposeActiveUsers = (
  { metrics }: Pick<Kernel, 'metrics'>,
  statistics: Pick<StatRecorder, 'activeToday'>,
): void =>
  metrics.gauge({
    name: 'ashlar_active_users',
    help: 'People who have acted today (UTC), in all processes together; as of the last minute.',
    labelNames: [],
    read: () => statistics.activeToday,
  });
