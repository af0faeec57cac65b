import { z } from 'zod';

import { decodeCursor, pageOf, pageQuery, toPage } from '#kernel/page.ts';
import { userAction } from '#kernel/usecase.ts';
import { readErrors } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { alertFilter, alertSummary } from '../../logic/alert-shapes.ts';
import { listAlerts } from '../../store/alerts.ts';

/** @see docs/modules/platform/usecases/get-alerts.md */
export const getAlerts = ({ kernel: { database } }: PlatformDeps) =>
  userAction({
    operationId: 'get-alerts',
    summary: 'List alerts, newest first',
    access: 'GET /api/v1/platform/alerts',
    actors: ['admin', 'service_acc'],
    permissions: [readErrors.name],
    input: z.object({ ...pageQuery, ...alertFilter }),
    output: pageOf(alertSummary),
    errors: {},

    async execute(_ctx, { limit, cursor, ...filter }) {
      const [before] = decodeCursor(cursor, z.tuple([z.uuid()])) ?? [null];
      const rows = await listAlerts(database.lanes, { ...filter, before, limit: limit + 1 });
      const { items, nextCursor } = toPage(rows, limit, ({ id }) => [id]);
      return { items: [...items], nextCursor };
    },
  });
