import type { Db } from '../database/database.ts';
import { type FireRow, listFires, listScheduleRows, type ScheduleRow } from '../database/schedules.ts';
import type { ScheduleDefinition } from './schedule-definition.ts';

const nextShown = 10;
const firesShown = 20;

/** As its head says, with what became of it. Times are ISO 8601 text. */
export type ScheduleSummary = Pick<
  ScheduleDefinition,
  'id' | 'cron' | 'timeZone' | 'jitterSeconds' | 'overlap' | 'catchUp'
> &
  Omit<ScheduleRow, 'id'>;

export type ScheduleDetails = ScheduleSummary & {
  /** The next ten; none while paused. */
  readonly next: string[];
  /** The last twenty, newest first. */
  readonly history: FireRow[];
};

export const summariseSchedules = async (
  db: Db,
  schedules: readonly ScheduleDefinition[],
): Promise<readonly ScheduleSummary[]> => {
  const rows = await listScheduleRows(db, { ids: schedules.map(({ id }) => id) });
  const byId = new Map(rows.map((row) => [row.id, row]));
  return schedules.map((schedule) => summarise(schedule, byId.get(schedule.id)));
};

export const describeSchedule = async (db: Db, schedule: ScheduleDefinition, now: Date): Promise<ScheduleDetails> => {
  const { id, calendar } = schedule;
  const [rows, history] = await Promise.all([
    listScheduleRows(db, { ids: [id] }),
    listFires(db, { id, limit: firesShown }),
  ]);
  const summary = summarise(schedule, rows[0]);
  const next: string[] = [];
  let slot = summary.pausedAt === null ? calendar.next(now) : null;
  for (; slot !== null && next.length < nextShown; slot = calendar.next(slot)) next.push(slot.toISOString());
  return { ...summary, next, history: [...history] };
};

const summarise = (
  { id, cron, timeZone, jitterSeconds, overlap, catchUp }: ScheduleDefinition,
  row: ScheduleRow = { id, pausedAt: null, nextAt: null, lastFiredAt: null },
): ScheduleSummary => ({ cron, timeZone, jitterSeconds, overlap, catchUp, ...row });
