import { z } from 'zod';

import { decodeCursor, pageOf, pageQuery, toPage } from '#kernel/page.ts';
import { userAction } from '#kernel/usecase.ts';
import { readEvents } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { listEventsBy } from '../../logic/event-admin.ts';
import { eventFilter, eventSummary } from '../../logic/event-shapes.ts';

/** @see docs/modules/platform/usecases/get-events.md */
export const getEvents = ({ kernel: { database } }: PlatformDeps) =>
  userAction({
    operationId: 'get-events',
    summary: 'List what has happened, newest first',
    access: 'GET /api/v1/platform/events',
    actors: ['admin', 'service_acc'],
    permissions: [readEvents.name],
    input: z.object({ ...pageQuery, ...eventFilter }),
    output: pageOf(eventSummary),
    errors: {},

    async execute(_ctx, { limit, cursor, ...filter }) {
      const [before] = decodeCursor(cursor, z.tuple([z.uuid()])) ?? [null];
      const rows = await listEventsBy(database.lanes, filter, { before, limit: limit + 1 });
      const { items, nextCursor } = toPage(rows, limit, ({ id }) => [id]);
      return { items: [...items], nextCursor };
    },
  });
