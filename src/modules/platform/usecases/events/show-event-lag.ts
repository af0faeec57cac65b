import { z } from 'zod';

import { listSubscriptions } from '#kernel/events/administration-statements.ts';
import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { subscriptionSummary } from '../../logic/event-shapes.ts';

const most = 1_000;

/** @see docs/modules/platform/usecases/show-event-lag.md */
export const showEventLag = ({ kernel: { database } }: PlatformDeps) =>
  manualCommand({
    operationId: 'show-event-lag',
    summary: 'List the subscriptions, and how far each has come',
    usage: 'events lag',
    input: z.object({}),
    output: z.object({ items: z.array(subscriptionSummary) }),
    errors: {},
    render: ({ items }) =>
      items
        .map(({ name, event, pausedAt, processId, unread, lagSeconds, parked, dead }) =>
          [
            name,
            event,
            pausedAt === null ? (processId ?? 'consumed by nobody') : `paused since ${pausedAt}`,
            `unread ${unread}`,
            `lag ${lagSeconds.toFixed(1)} s`,
            `parked ${parked}`,
            `dead ${dead}`,
          ].join('  '),
        )
        .join('\n') || 'No subscriptions.',

    async execute() {
      return { items: [...(await listSubscriptions(database.lanes, { after: '', limit: most }))] };
    },
  });
