import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import { readErrors } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { channelSummary, listChannels } from '../../logic/channels.ts';

/** @see docs/modules/platform/usecases/get-channels.md */
export const getChannels = ({ alerting }: PlatformDeps) =>
  userAction({
    operationId: 'get-channels',
    summary: 'List the channels over which operators are told',
    access: 'GET /api/v1/platform/channels',
    actors: ['admin', 'service_acc'],
    permissions: [readErrors.name],
    input: z.object({}),
    output: z.object({ items: z.array(channelSummary), nextCursor: z.null() }),
    errors: {},
    execute: () => Promise.resolve({ items: listChannels(alerting), nextCursor: null }),
  });
