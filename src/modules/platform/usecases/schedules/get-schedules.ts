import { z } from 'zod';

import { decodeCursor, pageOf, pageQuery, toPage } from '#kernel/page.ts';
import { summariseSchedules } from '#kernel/schedules/describe-schedule.ts';
import { userAction } from '#kernel/usecase.ts';
import { readSchedules } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { scheduleSummary } from '../../logic/schedule-shapes.ts';

/** @see docs/modules/platform/usecases/get-schedules.md */
export const getSchedules = ({ kernel: { database }, listSchedules }: PlatformDeps) =>
  userAction({
    operationId: 'get-schedules',
    summary: 'List the schedules, and when they are due next',
    access: 'GET /api/v1/platform/schedules',
    actors: ['admin', 'service_acc'],
    permissions: [readSchedules.name],
    input: z.object(pageQuery),
    output: pageOf(scheduleSummary),
    errors: {},

    async execute(_ctx, { limit, cursor }) {
      const [after] = decodeCursor(cursor, z.tuple([z.string()])) ?? [''];
      const wanted = listSchedules().filter(({ id }) => id > after);
      const rows = await summariseSchedules(database.lanes, wanted.slice(0, limit + 1));
      const { items, nextCursor } = toPage(rows, limit, ({ id }) => [id]);
      return { items: [...items], nextCursor };
    },
  });
