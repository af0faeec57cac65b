import { z } from 'zod';

import { taskStates } from '#kernel/tasks/administration-statements.ts';

const deadReasons = ['attempts_exhausted', 'not_retriable', 'timed_out', 'payload_invalid', 'unknown_task'] as const;

/** The fields by which tasks are found, in the query of a list and as options of a command. */
export const taskFilter = {
  state: z
    .enum(taskStates)
    .optional()
    .describe(`one of ${taskStates.join(', ')}`),
  queue: z.string().max(512).optional().describe('only of this queue'),
  name: z.string().max(512).optional().describe('only of this name'),
  group: z.string().max(512).optional().describe('only of this group'),
  reason: z.enum(deadReasons).optional().describe('only dead for this reason'),
  from: z.iso.datetime().optional().describe('created at this time or later'),
  to: z.iso.datetime().optional().describe('created before this time'),
};

export const deadFilter = {
  queue: taskFilter.queue,
  name: taskFilter.name,
  reason: taskFilter.reason,
  before: z.iso.datetime().optional().describe('dead since before this time'),
};

export const taskSummary = z.object({
  id: z.uuid(),
  queue: z.string(),
  name: z.string(),
  state: z.enum(taskStates),
  attempt: z.int(),
  groupKey: z.string().nullable(),
  runAt: z.iso.datetime().nullable(),
  createdAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
  reason: z.enum(deadReasons).nullable(),
});

const waitReasons = ['run_at', 'queue_paused', 'group_head', 'no_worker', 'pool_full'] as const;

export const taskDetails = taskSummary.extend({
  priority: z.int().nullable(),
  uniqueKey: z.string().nullable(),
  payload: z.unknown(),
  result: z.unknown(),
  errors: z.array(z.unknown()),
  progress: z.object({ percent: z.int(), note: z.string().nullable() }).nullable(),
  waitsFor: z.array(z.enum(waitReasons)),
});
export type TaskDetailsOutput = z.output<typeof taskDetails>;

export const queueSummary = z.object({
  name: z.string(),
  pausedAt: z.iso.datetime().nullable(),
  waiting: z.int(),
  ready: z.int(),
  running: z.int(),
  dead: z.int(),
  workers: z.int(),
});
