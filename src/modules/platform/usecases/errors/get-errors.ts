import { z } from 'zod';

import { decodeCursor, pageOf, pageQuery, toPage } from '#kernel/page.ts';
import { userAction } from '#kernel/usecase.ts';
import { readErrors } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { errorFilter, errorSummary } from '../../logic/error-shapes.ts';
import { listErrorGroups } from '../../store/errors.ts';

/** @see docs/modules/platform/usecases/get-errors.md */
export const getErrors = ({ kernel: { database } }: PlatformDeps) =>
  userAction({
    operationId: 'get-errors',
    summary: 'List errors, those seen last first',
    access: 'GET /api/v1/platform/errors',
    actors: ['admin', 'service_acc'],
    permissions: [readErrors.name],
    input: z.object({ ...pageQuery, ...errorFilter }),
    output: pageOf(errorSummary),
    errors: {},

    async execute(_ctx, { limit, cursor, ...filter }) {
      const place = decodeCursor(cursor, z.tuple([z.iso.datetime(), z.uuid()]));
      const before = place && { lastSeenAt: new Date(place[0]), id: place[1] };
      const rows = await listErrorGroups(database.lanes, { ...filter, before, limit: limit + 1 });
      const { items, nextCursor } = toPage(rows, limit, ({ lastSeenAt, id }) => [lastSeenAt, id]);
      return { items: [...items], nextCursor };
    },
  });
