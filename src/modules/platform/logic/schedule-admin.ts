import type { Tx } from '#kernel/database/database.ts';
import { triggerSchedule } from '#kernel/schedules/fire.ts';
import { pauseSchedule, resumeSchedule } from '#kernel/schedules/pause-schedule.ts';
import type { ScheduleDefinition } from '#kernel/schedules/schedule-definition.ts';
import type { Ctx } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../deps.ts';

/** Null: no head has it. */
export const findSchedule = ({ listSchedules }: Pick<PlatformDeps, 'listSchedules'>, id: string) =>
  listSchedules().find((schedule) => schedule.id === id) ?? null;

type Change = { readonly tx: Tx; readonly schedule: ScheduleDefinition };

export const setSchedulePaused = async (ctx: Ctx, isPaused: boolean, { tx, schedule }: Change): Promise<void> => {
  const isChanged = await (isPaused ? pauseSchedule : resumeSchedule)(tx, schedule);
  if (isChanged) await ctx.audit(tx, { subject: `schedule:${schedule.id}`, after: { isPaused } });
};

/** The task's id; null: one is unfinished. */
export const triggerScheduleIn = async (
  ctx: Ctx,
  { tasks }: PlatformDeps['kernel'],
  { tx, schedule }: Change,
): Promise<string | null> => {
  const taskId = await triggerSchedule(tx, tasks, schedule);
  if (taskId !== null) await ctx.audit(tx, { subject: `schedule:${schedule.id}`, after: { taskId } });
  return taskId;
};
