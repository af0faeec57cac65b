import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import { manageEvents } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { setSubscriptionPaused } from '../../logic/event-admin.ts';
import { subscriptionName } from '../../logic/event-shapes.ts';

/** @see docs/modules/platform/usecases/pause-subscription.md */
export const pauseSubscription = ({ kernel: { events } }: PlatformDeps) =>
  userAction({
    operationId: 'pause-subscription',
    summary: 'Let nobody consume a subscription',
    access: 'POST /api/v1/platform/subscriptions/{name}/pause',
    actors: ['admin', 'service_acc'],
    permissions: [manageEvents.name],
    input: z.object({ name: subscriptionName }),
    output: null,
    errors: { SUBSCRIPTION_NOT_FOUND: 'not_found' },

    async execute(ctx, { name }, fail) {
      await ctx.transaction(async (tx) => {
        const isThere = await setSubscriptionPaused(ctx, events, { tx, name, isPaused: true });
        if (!isThere) throw fail('SUBSCRIPTION_NOT_FOUND');
      });
    },
  });
