import type { Database } from '../database/database.ts';
import { readSchedules, registerSchedules, type ScheduleState, updateNextSlots } from '../database/schedules.ts';
import type { Logger } from '../observability/logger.ts';
import { fireDue, type FireDeps } from './fire.ts';
import type { ScheduleDefinition } from './schedule-definition.ts';

/** How long what somebody else changed (paused, resumed) may go unseen. */
const maxSleepMs = 5_000;
/** Somebody else has the row, or PostgreSQL is away. */
const soonMs = 100;
const troubleMs = 1_000;

export type CronManagerOptions = FireDeps & {
  readonly database: Pick<Database, 'lanes' | 'transaction'>;
  readonly schedules: readonly ScheduleDefinition[];
  readonly log: Logger;
};

export type CronManager = {
  /** Waits for the transaction that is open. */
  close(): Promise<void>;
};

/**
 * Enqueues what is due, by the clock of PostgreSQL alone. Any number of managers may follow the same schedules. It
 * sleeps until the next slot, and looks every 5 s whether somebody has changed anything.
 */
export const openCronManager = (options: CronManagerOptions): CronManager => {
  const { schedules, log } = options;
  const ids = schedules.map(({ id }) => id);
  let isRegistered = false;
  let isClosed = schedules.length === 0;
  let timer: NodeJS.Timeout | undefined;
  let pass = Promise.resolve();

  /** Answers for how long there is nothing to do. */
  const follow = async (): Promise<number> => {
    if (!isRegistered) await register(options);
    isRegistered = true;
    const states = new Map((await readSchedules(options.database.lanes, { ids })).map((row) => [row.id, row]));
    const waits: number[] = [];
    for (const schedule of schedules) {
      if (isClosed) break;
      const state = states.get(schedule.id);
      // Somebody took its row away, as a restored backup does.
      if (state === undefined) isRegistered = false;
      else waits.push(await followOne(options, schedule, state));
    }
    return Math.min(maxSleepMs, ...waits);
  };

  const step = async (): Promise<void> => {
    const waitMs = await follow().catch((err: unknown) => {
      log.warn({ err }, 'the schedules could not be followed; it tries again');
      return troubleMs;
    });
    if (!isClosed) timer = setTimeout(begin, waitMs);
  };
  const begin = (): void => {
    pass = step();
  };
  if (!isClosed) begin();

  return {
    close: async () => {
      isClosed = true;
      clearTimeout(timer);
      await pass;
    },
  };
};

const register = async ({ database: { lanes }, schedules }: CronManagerOptions): Promise<void> => {
  await registerSchedules(lanes, {
    ids: schedules.map(({ id }) => id),
    crons: schedules.map(({ cron }) => cron),
    timeZones: schedules.map(({ timeZone }) => timeZone),
  });
  const states = await readSchedules(lanes, { ids: schedules.map(({ id }) => id) });
  const cursors = new Map(states.map(({ id, cursorMs }) => [id, cursorMs]));
  await updateNextSlots(lanes, {
    ids: schedules.map(({ id }) => id),
    nextMs: schedules.map(({ id, calendar }) => calendar.next(new Date(cursors.get(id) ?? 0))?.getTime() ?? null),
  });
};

const followOne = async (
  options: CronManagerOptions,
  schedule: ScheduleDefinition,
  state: ScheduleState,
): Promise<number> => {
  if (state.isPaused) return maxSleepMs;
  const waitMs = untilNext(schedule, state);
  if (waitMs > 0) return waitMs;
  const fired = await fireDue(options, schedule);
  return fired === null ? soonMs : Math.max(1, untilNext(schedule, fired));
};

const untilNext = ({ calendar }: ScheduleDefinition, { cursorMs, nowMs }: ScheduleState): number => {
  const next = calendar.next(new Date(cursorMs));
  return next === null ? Infinity : next.getTime() - nowMs;
};
