import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { replayIn } from '../../logic/event-admin.ts';
import { replayRange, subscriptionName } from '../../logic/event-shapes.ts';

/** @see docs/modules/platform/usecases/rerun-events.md */
export const rerunEvents = ({ kernel: { events } }: PlatformDeps) =>
  manualCommand({
    operationId: 'rerun-events',
    summary: 'Let a subscription handle events again',
    usage: 'events replay <subscription>',
    input: z.object({
      subscription: subscriptionName.describe('the subscription'),
      ...replayRange,
      dryRun: z.boolean().default(false).describe('only count them'),
    }),
    output: z.object({ count: z.int(), dryRun: z.boolean() }),
    errors: { SUBSCRIPTION_NOT_FOUND: 'not_found', RANGE_PRUNED: 'conflict' },
    confirm: ({ subscription, dryRun }) =>
      dryRun ? 'Count the events?' : `Let ${subscription} handle these events again, with all their effects?`,
    render: ({ count, dryRun }) =>
      dryRun ? `${count} events would be handled again.` : `${count} events are handled again.`,

    execute: (ctx, { subscription, dryRun, ...range }, fail) =>
      ctx.transaction(async (tx) => {
        const replay = await replayIn(ctx, events, { tx, given: { subscription, dryRun, ...range } });
        if (replay.kind === 'no_subscription') {
          throw fail('SUBSCRIPTION_NOT_FOUND', { message: `there is no subscription ${subscription}: see events lag` });
        }
        if (replay.kind === 'pruned') throw fail('RANGE_PRUNED', { message: `the log begins at ${replay.start}` });
        return { count: replay.count, dryRun };
      }),
  });
