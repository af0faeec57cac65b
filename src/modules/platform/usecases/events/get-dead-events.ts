import { z } from 'zod';

import { isSubscription, listDeadEvents } from '#kernel/events/administration-statements.ts';
import { decodeCursor, pageOf, pageQuery, toPage } from '#kernel/page.ts';
import { userAction } from '#kernel/usecase.ts';
import { readEvents } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { deadEventSummary, subscriptionName } from '../../logic/event-shapes.ts';

/** @see docs/modules/platform/usecases/get-dead-events.md */
export const getDeadEvents = ({ kernel: { database } }: PlatformDeps) =>
  userAction({
    operationId: 'get-dead-events',
    summary: 'List the events that a subscription does not try again, newest first',
    access: 'GET /api/v1/platform/subscriptions/{name}/dead',
    actors: ['admin', 'service_acc'],
    permissions: [readEvents.name],
    input: z.object({ name: subscriptionName, ...pageQuery }),
    output: pageOf(deadEventSummary),
    errors: { SUBSCRIPTION_NOT_FOUND: 'not_found' },

    async execute(_ctx, { name: subscription, limit, cursor }, fail) {
      const [before] = decodeCursor(cursor, z.tuple([z.uuid()])) ?? [null];
      if (!(await isSubscription(database.lanes, subscription))) throw fail('SUBSCRIPTION_NOT_FOUND');
      const rows = await listDeadEvents(database.lanes, { subscription, before, limit: limit + 1 });
      const { items, nextCursor } = toPage(rows, limit, ({ id }) => [id]);
      return { items: items.map((item) => ({ ...item, errors: [...item.errors] })), nextCursor };
    },
  });
