import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { createCalendar, nextSlots } from './calendar.ts';
import { createWallClock } from './wall-clock.ts';

const minute = 60_000;
const day = 1_440 * minute;

type Ask = { readonly from: string; readonly n: number };

const slotsOf = (expression: string, timeZone: string, { from, n }: Ask): readonly string[] =>
  nextSlots(expression, timeZone, { from: new Date(from), n }).map((slot) =>
    slot.toISOString().replace(/T(\d\d:\d\d):00\.000Z$/, ' $1'),
  );

describe('fixed hours', () => {
  test.for([
    // Berlin 2026: 29 March 02:00 becomes 03:00 (01:00 UTC); 25 October 03:00 becomes 02:00 (01:00 UTC).
    ['30 2 * * *', 'Europe/Berlin', '2026-03-28T00:00Z', ['2026-03-28 01:30', '2026-03-29 01:00', '2026-03-30 00:30']],
    ['0 2 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', ['2026-03-29 01:00', '2026-03-30 00:00']],
    ['0 3 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', ['2026-03-29 01:00', '2026-03-30 01:00']],
    [
      '*/30 2 * * *',
      'Europe/Berlin',
      '2026-03-28T12:00Z',
      ['2026-03-29 01:00', '2026-03-30 00:00', '2026-03-30 00:30'],
    ],
    [
      '30 1-3 * * *',
      'Europe/Berlin',
      '2026-03-29T00:00Z',
      ['2026-03-29 00:30', '2026-03-29 01:00', '2026-03-29 01:30'],
    ],
    [
      '30 2,14 * * *',
      'Europe/Berlin',
      '2026-10-24T20:00Z',
      ['2026-10-25 00:30', '2026-10-25 13:30', '2026-10-26 01:30'],
    ],
    [
      '*/30 2 * * *',
      'Europe/Berlin',
      '2026-10-24T20:00Z',
      ['2026-10-25 00:00', '2026-10-25 00:30', '2026-10-26 01:00'],
    ],
    // Asked in the second pass of the doubled hour.
    ['*/30 2 * * *', 'Europe/Berlin', '2026-10-25T01:10Z', ['2026-10-26 01:00']],
    ['0 3 * * *', 'Europe/Berlin', '2026-10-25T01:10Z', ['2026-10-25 02:00']],
    // New York 2026: 8 March 02:00 becomes 03:00 (07:00 UTC); 1 November 02:00 becomes 01:00 (06:00 UTC).
    ['15 2 * * *', 'America/New_York', '2026-03-07T12:00Z', ['2026-03-08 07:00', '2026-03-09 06:15']],
    ['15 1 * * *', 'America/New_York', '2026-10-31T12:00Z', ['2026-11-01 05:15', '2026-11-02 06:15']],
    // Lord Howe 2026: half an hour. 4 October 02:00 becomes 02:30 (3rd, 15:30 UTC); 5 April 02:00 becomes 01:30 (4th, 15:00 UTC).
    ['15 2 * * *', 'Australia/Lord_Howe', '2026-10-03T00:00Z', ['2026-10-03 15:30', '2026-10-04 15:15']],
    ['45 2 * * *', 'Australia/Lord_Howe', '2026-10-03T00:00Z', ['2026-10-03 15:45', '2026-10-04 15:45']],
    ['45 1 * * *', 'Australia/Lord_Howe', '2026-04-04T00:00Z', ['2026-04-04 14:45', '2026-04-05 15:15']],
    // Samoa left out 30 December 2011; what was due on it fires as the 31st begins, once.
    ['0 6,18 * * *', 'Pacific/Apia', '2011-12-30T00:00Z', ['2011-12-30 04:00', '2011-12-30 10:00', '2011-12-30 16:00']],
    ['30 2 * * *', 'Asia/Kathmandu', '2026-03-28T00:00Z', ['2026-03-28 20:45', '2026-03-29 20:45']],
    ['30 2 * * *', 'UTC', '2026-03-28T02:30Z', ['2026-03-29 02:30', '2026-03-30 02:30']],
    ['0 0 29 2 *', 'UTC', '2026-01-01T00:00Z', ['2028-02-29 00:00', '2032-02-29 00:00']],
    ['0 9 L * *', 'Europe/Berlin', '2026-02-01T00:00Z', ['2026-02-28 08:00', '2026-03-31 07:00']],
  ] as const)('%s in %s after %s', ([expression, timeZone, from, expected]) => {
    expect(slotsOf(expression, timeZone, { from, n: expected.length })).toEqual(expected);
  });
});

describe('wildcard hours', () => {
  test.for([
    [
      '*/30 * * * *',
      'Europe/Berlin',
      '2026-03-29T00:00Z',
      ['2026-03-29 00:30', '2026-03-29 01:00', '2026-03-29 01:30'],
    ],
    [
      '*/30 * * * *',
      'Europe/Berlin',
      '2026-10-24T23:30Z',
      ['2026-10-25 00:00', '2026-10-25 00:30', '2026-10-25 01:00', '2026-10-25 01:30', '2026-10-25 02:00'],
    ],
    [
      '0 * * * *',
      'America/New_York',
      '2026-11-01T04:30Z',
      ['2026-11-01 05:00', '2026-11-01 06:00', '2026-11-01 07:00'],
    ],
    [
      '0 */2 * * *',
      'America/New_York',
      '2026-03-08T04:30Z',
      ['2026-03-08 05:00', '2026-03-08 08:00', '2026-03-08 10:00'],
    ],
    [
      '*/30 * * * *',
      'Australia/Lord_Howe',
      '2026-04-04T14:00Z',
      ['2026-04-04 14:30', '2026-04-04 15:00', '2026-04-04 15:30', '2026-04-04 16:00'],
    ],
    ['15 * * * *', 'Asia/Kathmandu', '2026-04-04T14:00Z', ['2026-04-04 14:30', '2026-04-04 15:30']],
  ] as const)('%s in %s after %s', ([expression, timeZone, from, expected]) => {
    expect(slotsOf(expression, timeZone, { from, n: expected.length })).toEqual(expected);
  });
});

test('answers fewer slots, or none, where there are no more', () => {
  expect(nextSlots('0 0 30 2 *', 'UTC', { from: new Date(), n: 3 })).toEqual([]);
});

test.for([
  ['', 'UTC', 'five fields'],
  ['@hourly', 'UTC', 'five fields'],
  ['2026-05-05T00:00:00', 'UTC', 'five fields'],
  ['0 0 0 * * *', 'UTC', 'five fields'],
  ['60 * * * *', 'UTC', 'Invalid value for minute'],
  ['0 24 * * *', 'UTC', 'Invalid value for hour'],
  ['0 5-2 * * *', 'UTC', 'From value is larger'],
  ['0 0 * * *', 'Europe/Atlantis', 'no time zone Europe/Atlantis'],
  ['* * * * *', 'Europe/Atlantis', 'no time zone Europe/Atlantis'],
] as const)('says INPUT_INVALID to "%s" in %s', ([expression, timeZone, why]) => {
  expect(() => createCalendar(expression, timeZone)).toThrow(
    expect.objectContaining({ code: 'INPUT_INVALID', message: expect.stringContaining(why) }),
  );
});

/**
 * Beside it, the rules said plainly: walk minute by minute. Fixed hours fire when the highest wall time so far passes a
 * time that they name; wildcard hours when the clocks show one.
 */
const walk = ({ minutes, hours, timeZone, from, until }: Walk): readonly number[] => {
  const clock = createWallClock(timeZone);
  const isNamed = (wall: number) => {
    const date = new Date(wall);
    return minutes.includes(date.getUTCMinutes()) && (hours === null || hours.includes(date.getUTCHours()));
  };
  const slots: number[] = [];
  let highest = clock.at(from - day);
  for (let at = from - day; at <= from; at += minute) highest = Math.max(highest, clock.at(at));
  for (let at = from + minute; at <= until; at += minute) {
    const wall = clock.at(at);
    if (hours === null) {
      if (isNamed(wall)) slots.push(at);
      continue;
    }
    let passes = false;
    for (let named = highest + minute; named <= wall; named += minute) passes ||= isNamed(named);
    if (passes) slots.push(at);
    highest = Math.max(highest, wall);
  }
  return slots;
};

type Walk = {
  readonly minutes: readonly number[];
  /** Null: each. */
  readonly hours: readonly number[] | null;
  readonly timeZone: string;
  readonly from: number;
  readonly until: number;
};

const shifts = [
  ['Europe/Berlin', '2026-03-29T01:00Z'],
  ['Europe/Berlin', '2026-10-25T01:00Z'],
  ['America/New_York', '2026-03-08T07:00Z'],
  ['America/New_York', '2026-11-01T06:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30Z'],
  ['America/St_Johns', '2026-11-01T04:30Z'],
  ['Africa/Casablanca', '2026-02-15T02:00Z'],
  ['Asia/Kathmandu', '2026-06-01T00:00Z'],
  ['Pacific/Apia', '2011-12-30T10:00Z'],
] as const;

const subset = (size: number, max: number) =>
  fc.uniqueArray(fc.nat(size - 1), { minLength: 1, maxLength: max }).map((list) => list.toSorted((a, b) => a - b));

test('agrees with the plain walk over every minute around a shift, whatever is named and whenever it is asked', () => {
  fc.assert(
    fc.property(
      fc.record({ shift: fc.constantFrom(...shifts), minutesFromIt: fc.integer({ min: -300, max: 300 }) }),
      subset(60, 4),
      fc.oneof(fc.constant(null), subset(24, 4), subset(4, 3)),
      ({ shift: [timeZone, at], minutesFromIt }, minutes, hours) => {
        const from = Date.parse(at) + minutesFromIt * minute;
        const until = from + 600 * minute;
        const calendar = createCalendar(`${minutes.join()} ${hours?.join() ?? '*'} * * *`, timeZone);
        const slots: number[] = [];
        for (let slot = calendar.next(new Date(from)); slot !== null && slot.getTime() <= until;) {
          slots.push(slot.getTime());
          slot = calendar.next(slot);
        }
        expect(slots).toEqual(walk({ minutes, hours, timeZone, from, until }));
      },
    ),
    { numRuns: 150 },
  );
});
