import type { Tx } from '../database/database.ts';
import { pauseScheduleRow, registerSchedules, resumeScheduleRow, updateNextSlots } from '../database/schedules.ts';
import type { ScheduleDefinition } from './schedule-definition.ts';

/** Managers see it within 5 s; no slot fires after the commit. Answers whether it changed anything. */
export const pauseSchedule = async (tx: Tx, schedule: ScheduleDefinition): Promise<boolean> => {
  await register(tx, schedule);
  return (await pauseScheduleRow(tx, { id: schedule.id })).length > 0;
};

/** What was due while it was paused does not fire. Answers whether it changed anything. */
export const resumeSchedule = async (tx: Tx, schedule: ScheduleDefinition): Promise<boolean> => {
  await register(tx, schedule);
  const [state] = await resumeScheduleRow(tx, { id: schedule.id });
  if (state === undefined) return false;
  const next = schedule.calendar.next(new Date(state.cursorMs));
  await updateNextSlots(tx, { ids: [schedule.id], nextMs: [next?.getTime() ?? null] });
  return true;
};

/** Nobody may have followed it yet. */
const register = (tx: Tx, { id, cron, timeZone }: ScheduleDefinition) =>
  registerSchedules(tx, { ids: [id], crons: [cron], timeZones: [timeZone] });
