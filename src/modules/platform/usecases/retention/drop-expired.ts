import { z } from 'zod';

import { asyncTask } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';

/** @see docs/modules/platform/usecases/drop-expired.md */
export const dropExpired = ({ kernel: { retention } }: PlatformDeps) =>
  asyncTask({
    operationId: 'drop-expired',
    payload: z.object({}),
    schedule: { cron: '25 * * * *', catchUp: 'latest' },
    timeoutSeconds: 900,
    execute: ({ signal }) => retention.dropExpired(signal),
  });
