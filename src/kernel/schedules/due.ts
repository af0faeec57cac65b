import type { CatchUp } from '../usecase.ts';
import type { Calendar } from './calendar.ts';

const second = 1_000;
const hour = 3_600 * second;

/** What is later than this was missed. */
const promptMs = 60 * second;
const reachMs = 24 * hour;
const windowMs = 2 * hour;
const maxSlots = 100;

export type Span = {
  /** Everything up to here was decided before. */
  readonly after: Date;
  readonly until: Date;
};

/**
 * The slots of a span that are to fire now, oldest first. `none`: those of the last minute; `latest`: the newest one;
 * `all`: the newest 100. What is more than 24 h old never fires.
 */
export const listDue = (calendar: Calendar, catchUp: CatchUp, { after, until }: Span): readonly Date[] => {
  const end = until.getTime();
  const start = Math.max(after.getTime(), end - (catchUp === 'none' ? promptMs : reachMs));
  const wanted = catchUp === 'latest' ? 1 : maxSlots;
  // The newest are wanted, calendars go forward: most often a short way back is enough.
  const near = list(calendar, Math.max(start, end - windowMs), end);
  const found = near.length >= wanted || start >= end - windowMs ? near : list(calendar, start, end);
  return found.slice(-wanted);
};

const list = (calendar: Calendar, after: number, until: number): Date[] => {
  const slots: Date[] = [];
  for (let slot = calendar.next(new Date(after)); slot !== null; slot = calendar.next(slot)) {
    if (slot.getTime() > until) break;
    slots.push(slot);
  }
  return slots;
};
