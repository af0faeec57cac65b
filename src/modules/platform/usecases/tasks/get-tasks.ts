import { z } from 'zod';

import { decodeCursor, pageOf, pageQuery, toPage } from '#kernel/page.ts';
import { userAction } from '#kernel/usecase.ts';
import { readTasks } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { listTasksBy } from '../../logic/task-admin.ts';
import { taskFilter, taskSummary } from '../../logic/task-shapes.ts';

/** @see docs/modules/platform/usecases/get-tasks.md */
export const getTasks = ({ kernel: { database } }: PlatformDeps) =>
  userAction({
    operationId: 'get-tasks',
    summary: 'List tasks, newest first',
    access: 'GET /api/v1/platform/tasks',
    actors: ['admin', 'service_acc'],
    permissions: [readTasks.name],
    input: z.object({ ...pageQuery, ...taskFilter }),
    output: pageOf(taskSummary),
    errors: {},

    async execute(_ctx, { limit, cursor, ...filter }) {
      const [before] = decodeCursor(cursor, z.tuple([z.uuid()])) ?? [null];
      const rows = await listTasksBy(database.lanes, filter, { before, limit: limit + 1 });
      const { items, nextCursor } = toPage(rows, limit, ({ id }) => [id]);
      return { items: [...items], nextCursor };
    },
  });
