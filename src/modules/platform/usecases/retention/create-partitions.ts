import { z } from 'zod';

import { asyncTask } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';

/** @see docs/modules/platform/usecases/create-partitions.md */
export const createPartitions = ({ kernel: { retention } }: PlatformDeps) =>
  asyncTask({
    operationId: 'create-partitions',
    payload: z.object({}),
    schedule: { cron: '5 * * * *', catchUp: 'latest' },
    execute: () => retention.createPartitions(),
  });
