import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import { readConfig } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';

/** @see docs/modules/platform/usecases/get-config.md */
export const getConfig = ({ installation: { describeConfig } }: PlatformDeps) =>
  userAction({
    operationId: 'get-config',
    summary: 'Show the configuration of the process that answers, and where each value comes from',
    access: 'GET /api/v1/platform/config',
    actors: ['admin', 'service_acc'],
    permissions: [readConfig.name],
    input: z.object({}),
    output: z.object({ settings: z.array(z.object({ path: z.string(), value: z.unknown(), origin: z.string() })) }),
    errors: {},

    execute: () => Promise.resolve({ settings: [...describeConfig()] }),
  });
