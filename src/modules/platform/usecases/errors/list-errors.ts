import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { errorFilter, errorSummary } from '../../logic/error-shapes.ts';
import { listErrorGroups } from '../../store/errors.ts';

/** @see docs/modules/platform/usecases/list-errors.md */
export const listErrors = ({ kernel: { database } }: PlatformDeps) =>
  manualCommand({
    operationId: 'list-errors',
    summary: 'List errors, those seen last first',
    usage: 'errors list',
    input: z.object({
      ...errorFilter,
      limit: z.coerce.number().int().min(1).max(1000).default(50).describe('how many (default 50)'),
    }),
    output: z.object({ items: z.array(errorSummary) }),
    errors: {},
    render: ({ items }) =>
      items.length === 0
        ? 'No errors.'
        : items
            .map(({ id, state, count, lastSeenAt, operation, code }) =>
              [id, state.padEnd(9), String(count).padStart(7), lastSeenAt, operation ?? '-', code].join('  '),
            )
            .join('\n'),

    async execute(_ctx, { limit, ...filter }) {
      return { items: await listErrorGroups(database.lanes, { ...filter, before: null, limit }) };
    },
  });
