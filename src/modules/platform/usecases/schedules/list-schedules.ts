import { z } from 'zod';

import { summariseSchedules } from '#kernel/schedules/describe-schedule.ts';
import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { scheduleSummary } from '../../logic/schedule-shapes.ts';

/** @see docs/modules/platform/usecases/list-schedules.md */
export const listSchedules = ({ kernel: { database }, listSchedules: defined }: PlatformDeps) =>
  manualCommand({
    operationId: 'list-schedules',
    summary: 'List the schedules, and when they are due next',
    usage: 'schedules list',
    input: z.object({}),
    output: z.object({ items: z.array(scheduleSummary) }),
    errors: {},
    render: ({ items }) =>
      items
        .map(({ id, cron, timeZone, pausedAt, nextAt, lastFiredAt }) =>
          [
            id.padEnd(32),
            `${cron} ${timeZone}`.padEnd(28),
            pausedAt === null
              ? `next ${nextAt ?? 'unknown: no run-cron-manager has seen it'}`
              : `paused since ${pausedAt}`,
            lastFiredAt === null ? 'never fired' : `last ${lastFiredAt}`,
          ].join('  '),
        )
        .join('\n') || 'No schedules.',

    async execute() {
      return { items: [...(await summariseSchedules(database.lanes, defined()))] };
    },
  });
