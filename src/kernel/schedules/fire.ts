import type { Database, Tx } from '../database/database.ts';
import {
  insertFire,
  isScheduleBusy,
  lockSchedule,
  moveCursor,
  registerSchedules,
  type ScheduleState,
  tryLockSchedule,
  updateFire,
} from '../database/schedules.ts';
import { newId } from '../ids.ts';
import type { Tasks } from '../tasks/tasks.ts';
import { listDue } from './due.ts';
import { payloadOf, type ScheduleDefinition } from './schedule-definition.ts';

export type FireDeps = {
  readonly database: Pick<Database, 'transaction'>;
  readonly tasks: Pick<Tasks, 'enqueue'>;
  /** In [0, 1). */
  readonly random: () => number;
};

/**
 * Decides about every slot that is due, in one transaction: each fires once, whoever else tries. Answers how far the
 * schedule is decided, or null if somebody else decides about it at this moment.
 */
export const fireDue = (deps: FireDeps, schedule: ScheduleDefinition): Promise<ScheduleState | null> =>
  deps.database.transaction(async (tx) => {
    const [state] = await tryLockSchedule(tx, { id: schedule.id });
    if (state === undefined) return null;
    if (state.isPaused) return state;
    const span = { after: new Date(state.cursorMs), until: new Date(state.nowMs) };
    const slots = listDue(schedule.calendar, schedule.catchUp, span);
    const isFree = slots.length > 0 && (await mayBegin(tx, schedule));
    for (const slot of slots) await fire(tx, deps, { schedule, slot, isFree });
    await moveCursor(tx, {
      id: schedule.id,
      cursorMs: state.nowMs,
      nextMs: schedule.calendar.next(span.until)?.getTime() ?? null,
    });
    return { ...state, cursorMs: Math.max(state.cursorMs, state.nowMs) };
  });

/** By hand, paused or not. Answers the task's id; null: overlap is `skip`, and a task of it is unfinished. */
export const triggerSchedule = async (
  tx: Tx,
  tasks: FireDeps['tasks'],
  schedule: ScheduleDefinition,
): Promise<string | null> => {
  const { id, task, cron, timeZone } = schedule;
  await registerSchedules(tx, { ids: [id], crons: [cron], timeZones: [timeZone] });
  const [state] = await lockSchedule(tx, { id });
  if (state === undefined) throw new Error(`schedule ${id} was registered, and is not there`);
  if (!(await mayBegin(tx, schedule))) return null;
  const fireId = newId();
  await insertFire(tx, { id: fireId, scheduleId: id, slotMs: null });
  const taskId = await tasks.enqueue(tx, task, payloadOf(new Date(state.nowMs)), groupOf(schedule));
  return recordTask(tx, { id: fireId, taskId });
};

const mayBegin = async (tx: Tx, { id, overlap }: ScheduleDefinition): Promise<boolean> => {
  if (overlap === 'allow') return true;
  const [row] = await isScheduleBusy(tx, { id });
  return row?.isBusy !== true;
};

type Firing = { readonly schedule: ScheduleDefinition; readonly slot: Date; readonly isFree: boolean };

const fire = async (tx: Tx, { tasks, random }: FireDeps, { schedule, slot, isFree }: Firing): Promise<void> => {
  const { id: scheduleId, task, jitterSeconds } = schedule;
  const [inserted] = await insertFire(tx, { id: newId(), scheduleId, slotMs: slot.getTime() });
  if (inserted === undefined || !isFree) return;
  const taskId = await tasks.enqueue(tx, task, payloadOf(slot), {
    ...groupOf(schedule),
    ...(jitterSeconds > 0 && { runAt: new Date(slot.getTime() + random() * jitterSeconds * 1000) }),
  });
  await recordTask(tx, { ...inserted, taskId });
};

/** Several slots that are caught up run one after another. */
const groupOf = ({ id, overlap }: ScheduleDefinition) => (overlap === 'skip' ? { groupKey: `schedule:${id}` } : {});

const recordTask = async (tx: Tx, { id, taskId }: { id: string; taskId: string | null }): Promise<string> => {
  if (taskId === null) throw new Error('a task without a unique key was rejected');
  await updateFire(tx, { id, taskId });
  return taskId;
};
