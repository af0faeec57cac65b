import type { ServedTask } from '../tasks/handlers.ts';
import type { AsyncTask, Schedule, TaskContract } from '../usecase.ts';
import { type Calendar, createCalendar } from './calendar.ts';

/** The schedule of a task's head, with its defaults filled in. */
export type ScheduleDefinition = Required<Schedule> & {
  /** `module.operation-id`: the name of its task. */
  readonly id: string;
  readonly calendar: Calendar;
  readonly task: TaskContract;
};

const defaults = { jitterSeconds: 0, overlap: 'skip', catchUp: 'latest' } as const;

/** Every schedule among the tasks, by name. Throws if one of them cannot be followed. */
export const defineSchedules = (tasks: readonly ServedTask[], timeZone: string): readonly ScheduleDefinition[] =>
  tasks
    .flatMap(({ module, usecase: { schedule, ...head } }) =>
      schedule === undefined ? [] : [define(`${module}.${head.operationId}`, { timeZone, ...schedule }, head)],
    )
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));

const define = (
  id: string,
  schedule: Schedule & { readonly timeZone: string },
  { payload, queue }: Pick<AsyncTask, 'payload' | 'queue'>,
): ScheduleDefinition => {
  if (!payload.safeParse(payloadOf(new Date(0))).success) {
    throw new Error(`${id} has a schedule, but its payload does not accept { slot }`);
  }
  return {
    ...defaults,
    ...schedule,
    id,
    calendar: createCalendar(schedule.cron, schedule.timeZone),
    task: { name: id, payload, ...(queue !== undefined && { queue }) },
  };
};

/** What a scheduled task is given: the time that it is due for. */
export const payloadOf = (slot: Date): { readonly slot: string } => ({ slot: slot.toISOString() });
