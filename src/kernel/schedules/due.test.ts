import { expect, test } from 'vitest';

import { createCalendar } from './calendar.ts';
import { listDue } from './due.ts';

const at = (text: string) => new Date(`2026-05-${text}Z`);
const dueOf = (cron: string, catchUp: 'none' | 'latest' | 'all', [after, until]: readonly [string, string]) =>
  listDue(createCalendar(cron, 'UTC'), catchUp, { after: at(after), until: at(until) }).map((slot) =>
    slot.toISOString().slice(8, 16),
  );

test.for([
  ['none', ['12:00']],
  ['latest', ['12:00']],
  ['all', ['10:00', '11:00', '12:00']],
] as const)('%s, a moment after a slot that two others came before', ([catchUp, hours]) => {
  expect(dueOf('0 * * * *', catchUp, ['05T09:30', '05T12:00:30'])).toEqual(hours.map((hour) => `05T${hour}`));
});

test.for([
  ['none', []],
  ['latest', ['05T12:00']],
  ['all', ['05T11:00', '05T12:00']],
] as const)('%s, long after a slot', ([catchUp, expected]) => {
  expect(dueOf('0 * * * *', catchUp, ['05T10:30', '05T12:30'])).toEqual(expected);
});

test('what is more than 24 h old never fires', () => {
  expect(dueOf('0 9 * * *', 'all', ['01T00:00', '05T09:30'])).toEqual(['05T09:00']);
  expect(dueOf('0 9 * * *', 'latest', ['01T00:00', '05T08:30'])).toEqual(['04T09:00']);
  expect(dueOf('0 9 1 * *', 'latest', ['01T00:00', '03T00:00'])).toEqual([]);
});

test('of more than 100 the newest 100', () => {
  const due = dueOf('*/2 * * * *', 'all', ['04T12:00', '05T12:00']);
  expect(due).toHaveLength(100);
  expect([due.at(0), due.at(-1)]).toEqual(['05T08:42', '05T12:00']);
});

test('a slot is due from its very moment on, and no second time', () => {
  expect(dueOf('0 12 * * *', 'latest', ['05T11:00', '05T12:00'])).toEqual(['05T12:00']);
  expect(dueOf('0 12 * * *', 'latest', ['05T12:00', '05T12:00'])).toEqual([]);
  expect(dueOf('0 12 * * *', 'latest', ['05T12:00', '05T11:00'])).toEqual([]);
});
