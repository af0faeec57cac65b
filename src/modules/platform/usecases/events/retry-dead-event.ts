import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import { manageEvents } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { endDeath } from '../../logic/event-admin.ts';
import { subscriptionName } from '../../logic/event-shapes.ts';

/** @see docs/modules/platform/usecases/retry-dead-event.md */
export const retryDeadEvent = ({ kernel: { events } }: PlatformDeps) =>
  userAction({
    operationId: 'retry-dead-event',
    summary: 'Begin a dead event anew',
    access: 'POST /api/v1/platform/subscriptions/{name}/dead/{eventId}/retry',
    actors: ['admin', 'service_acc'],
    permissions: [manageEvents.name],
    input: z.object({ name: subscriptionName, eventId: z.uuid() }),
    output: null,
    errors: { SUBSCRIPTION_NOT_FOUND: 'not_found', EVENT_NOT_FOUND: 'not_found', EVENT_NOT_DEAD: 'conflict' },

    async execute(ctx, { name: subscription, eventId }, fail) {
      await ctx.transaction(async (tx) => {
        const outcome = await endDeath(ctx, events, { tx, event: { subscription, eventId }, how: 'retry' });
        if (outcome === 'no_subscription') throw fail('SUBSCRIPTION_NOT_FOUND');
        if (outcome === 'no_event') throw fail('EVENT_NOT_FOUND');
        if (outcome === 'not_dead') throw fail('EVENT_NOT_DEAD');
      });
    },
  });
