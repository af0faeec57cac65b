import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import { manageEvents } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { setSubscriptionPaused } from '../../logic/event-admin.ts';
import { subscriptionName } from '../../logic/event-shapes.ts';

/** @see docs/modules/platform/usecases/resume-subscription.md */
export const resumeSubscription = ({ kernel: { events } }: PlatformDeps) =>
  userAction({
    operationId: 'resume-subscription',
    summary: 'Let a subscription go on where it was',
    access: 'POST /api/v1/platform/subscriptions/{name}/resume',
    actors: ['admin', 'service_acc'],
    permissions: [manageEvents.name],
    input: z.object({ name: subscriptionName }),
    output: null,
    errors: { SUBSCRIPTION_NOT_FOUND: 'not_found' },

    async execute(ctx, { name }, fail) {
      await ctx.transaction(async (tx) => {
        const isThere = await setSubscriptionPaused(ctx, events, { tx, name, isPaused: false });
        if (!isThere) throw fail('SUBSCRIPTION_NOT_FOUND');
      });
    },
  });
