import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import { manageEvents } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { replayIn } from '../../logic/event-admin.ts';
import { replayRange, subscriptionName } from '../../logic/event-shapes.ts';

/** @see docs/modules/platform/usecases/replay-subscription.md */
export const replaySubscription = ({ kernel: { events } }: PlatformDeps) =>
  userAction({
    operationId: 'replay-subscription',
    summary: 'Let a subscription handle events again',
    access: 'POST /api/v1/platform/subscriptions/{name}/replay',
    actors: ['admin', 'service_acc'],
    permissions: [manageEvents.name],
    input: z.object({
      name: subscriptionName,
      ...replayRange,
      names: z.array(z.string().max(512)).max(100).optional(),
      dryRun: z.boolean().default(false),
    }),
    output: z.object({ count: z.int() }),
    errors: { SUBSCRIPTION_NOT_FOUND: 'not_found', RANGE_PRUNED: 'conflict' },

    execute: (ctx, { name: subscription, ...range }, fail) =>
      ctx.transaction(async (tx) => {
        const replay = await replayIn(ctx, events, { tx, given: { subscription, ...range } });
        if (replay.kind === 'no_subscription') throw fail('SUBSCRIPTION_NOT_FOUND');
        if (replay.kind === 'pruned') throw fail('RANGE_PRUNED', { start: replay.start });
        return { count: replay.count };
      }),
  });
