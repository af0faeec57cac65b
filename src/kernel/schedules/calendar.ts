import { Cron } from 'croner';

import { kernelError } from '../error.ts';
import { createWallClock } from './wall-clock.ts';

/** When something is due: its slots are whole minutes. */
export type Calendar = {
  /** The first slot after this moment; null: there will be none (30 February). */
  next(after: Date): Date | null;
};

/**
 * Reads five fields (minute, hour, day of month, month, day of week; also `L`, `W`, `#`, names) for a time zone of the
 * IANA database. Throws INPUT_INVALID.
 *
 * When clocks are put forward or back, an expression with fixed hours (`30 2 * * *`) is due once for each time that
 * it names: a time that is skipped at the moment of the shift, one that comes twice when it comes first. An hour field
 * with `*` follows the clocks as they go: what they skip is left out, what they show twice is due twice, so that
 * `*\/30 * * * *` is due each half hour of real time.
 */
export const createCalendar = (expression: string, timeZone: string): Calendar => {
  const fields = expression.trim().split(/\s+/);
  const [, hours = ''] = fields;
  if (fields.length !== 5) throw refusal(`${expression} does not have the five fields of a schedule`);
  const cron = fields.join(' ');
  return /[*?]/.test(hours) ? followClock(cron, timeZone) : nameTimes(cron, timeZone);
};

/** The next `n` slots after `from`, fewer if there are no more. Throws INPUT_INVALID as `createCalendar` does. */
export const nextSlots = (expression: string, timeZone: string, { from, n }: { from: Date; n: number }): Date[] => {
  const calendar = createCalendar(expression, timeZone);
  const slots: Date[] = [];
  for (let slot = calendar.next(from); slot !== null && slots.length < n; slot = calendar.next(slot)) slots.push(slot);
  return slots;
};

const followClock = (cron: string, timeZone: string): Calendar => {
  readTimeZone(timeZone);
  const job = readCron(cron, timeZone);
  return { next: (after) => job.nextRun(after) };
};

/** Croner walks over wall times as if they were UTC; which instants they are is ours to say. */
const nameTimes = (cron: string, timeZone: string): Calendar => {
  const clock = readTimeZone(timeZone);
  const job = readCron(cron, 'UTC');
  return {
    next: (after) => {
      const from = after.getTime();
      for (let wall = job.nextRun(new Date(clock.at(from))); wall !== null; wall = job.nextRun(wall)) {
        const slot = clock.firstInstantOf(wall.getTime());
        if (slot > from) return new Date(slot);
      }
      return null;
    },
  };
};

const readCron = (cron: string, timezone: string): Cron => {
  try {
    return new Cron(cron, { timezone, mode: '5-part', paused: true });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.replace(/^\w+: /, '') : 'unknown';
    throw refusal(`${cron} is no schedule: ${why}`, cause);
  }
};

const readTimeZone = (timeZone: string) => {
  try {
    return createWallClock(timeZone);
  } catch (cause) {
    throw refusal(`there is no time zone ${timeZone}: give a name such as Europe/Berlin`, cause);
  }
};

const refusal = (message: string, cause?: unknown) => kernelError('INPUT_INVALID', { details: { message }, cause });
