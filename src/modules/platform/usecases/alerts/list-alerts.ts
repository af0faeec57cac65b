import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { alertFilter, alertSummary } from '../../logic/alert-shapes.ts';
import { listAlerts as readAlerts } from '../../store/alerts.ts';

/** @see docs/modules/platform/usecases/list-alerts.md */
export const listAlerts = ({ kernel: { database } }: PlatformDeps) =>
  manualCommand({
    operationId: 'list-alerts',
    summary: 'List alerts, newest first',
    usage: 'alerts list',
    input: z.object({
      ...alertFilter,
      limit: z.coerce.number().int().min(1).max(1000).default(50).describe('how many (default 50)'),
    }),
    output: z.object({ items: z.array(alertSummary) }),
    errors: {},
    render: ({ items }) =>
      items.length === 0
        ? 'No alerts.'
        : items
            .map(({ id, state, level, raisedAt, subject }) =>
              [id, state.padEnd(12), level.padEnd(8), raisedAt, subject].join('  '),
            )
            .join('\n'),

    async execute(_ctx, { limit, ...filter }) {
      return { items: await readAlerts(database.lanes, { ...filter, before: null, limit }) };
    },
  });
