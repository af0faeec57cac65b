import { z } from 'zod';

import { listSubscriptions } from '#kernel/events/administration-statements.ts';
import { decodeCursor, pageOf, pageQuery, toPage } from '#kernel/page.ts';
import { userAction } from '#kernel/usecase.ts';
import { readEvents } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { subscriptionSummary } from '../../logic/event-shapes.ts';

/** @see docs/modules/platform/usecases/get-subscriptions.md */
export const getSubscriptions = ({ kernel: { database } }: PlatformDeps) =>
  userAction({
    operationId: 'get-subscriptions',
    summary: 'List the subscriptions, and how far each has come',
    access: 'GET /api/v1/platform/subscriptions',
    actors: ['admin', 'service_acc'],
    permissions: [readEvents.name],
    input: z.object(pageQuery),
    output: pageOf(subscriptionSummary),
    errors: {},

    async execute(_ctx, { limit, cursor }) {
      const [after] = decodeCursor(cursor, z.tuple([z.string()])) ?? [''];
      const rows = await listSubscriptions(database.lanes, { after, limit: limit + 1 });
      const { items, nextCursor } = toPage(rows, limit, ({ name }) => [name]);
      return { items: [...items], nextCursor };
    },
  });
