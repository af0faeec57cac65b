import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { listEventsBy } from '../../logic/event-admin.ts';
import { eventFilter, eventSummary } from '../../logic/event-shapes.ts';

/** @see docs/modules/platform/usecases/list-events.md */
export const listEvents = ({ kernel: { database } }: PlatformDeps) =>
  manualCommand({
    operationId: 'list-events',
    summary: 'List what has happened, newest first',
    usage: 'events list',
    input: z.object({
      ...eventFilter,
      limit: z.coerce.number().int().min(1).max(1000).default(50).describe('how many (default 50)'),
    }),
    output: z.object({ items: z.array(eventSummary) }),
    errors: {},
    render: ({ items }) =>
      items
        .map(({ id, createdAt, name, key, payload }) =>
          [id, createdAt, name, key ?? '-', JSON.stringify(payload)].join('  '),
        )
        .join('\n') || 'No events.',

    async execute(_ctx, { limit, ...filter }) {
      return { items: [...(await listEventsBy(database.lanes, filter, { before: null, limit }))] };
    },
  });
