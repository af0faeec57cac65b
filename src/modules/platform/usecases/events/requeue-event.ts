import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { endDeath } from '../../logic/event-admin.ts';
import { subscriptionName } from '../../logic/event-shapes.ts';

/** @see docs/modules/platform/usecases/requeue-event.md */
export const requeueEvent = ({ kernel: { events } }: PlatformDeps) =>
  manualCommand({
    operationId: 'requeue-event',
    summary: 'Begin a dead event anew',
    usage: 'events retry <subscription> <eventId>',
    input: z.object({
      subscription: subscriptionName.describe('the subscription that gave it up'),
      eventId: z.uuid().describe('the event'),
    }),
    output: z.object({ eventId: z.uuid() }),
    errors: { SUBSCRIPTION_NOT_FOUND: 'not_found', EVENT_NOT_FOUND: 'not_found', EVENT_NOT_DEAD: 'conflict' },
    render: () => 'The event begins anew.',

    execute: (ctx, { subscription, eventId }, fail) =>
      ctx.transaction(async (tx) => {
        const outcome = await endDeath(ctx, events, { tx, event: { subscription, eventId }, how: 'retry' });
        if (outcome === 'no_subscription') {
          throw fail('SUBSCRIPTION_NOT_FOUND', { message: `there is no subscription ${subscription}: see events lag` });
        }
        if (outcome === 'no_event') throw fail('EVENT_NOT_FOUND', { message: `there is no event ${eventId}` });
        if (outcome === 'not_dead') throw fail('EVENT_NOT_DEAD', { message: 'it is handled, parked or not read yet' });
        return { eventId };
      }),
  });
