/** What the clocks of a time zone show, as milliseconds: 2026-03-29T02:30 on the wall is `Date.UTC(2026, 2, 29, 2, 30)`. */
export type WallClock = {
  at(instant: number): number;
  /**
   * When the clocks first show it. What they skip, they show at the moment of the shift. So a later wall time never
   * answers an earlier instant.
   */
  firstInstantOf(wall: number): number;
};

const hour = 3_600_000;
/** Around any wall time at most one shift; the widest ever was a whole day (Samoa, 2011). */
const reachMs = 36 * hour;

/** Throws a RangeError unless `timeZone` is a name of the IANA database. */
export const createWallClock = (timeZone: string): WallClock => {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'iso8601',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const at = (instant: number): number => {
    const parts = new Map(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    const field = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0;
    const whole = Date.UTC(
      field('year'),
      field('month') - 1,
      field('day'),
      field('hour'),
      field('minute'),
      field('second'),
    );
    return whole + (((instant % 1000) + 1000) % 1000);
  };
  const offsetAt = (instant: number): number => at(instant) - instant;

  return {
    at,
    firstInstantOf: (wall) => {
      const before = offsetAt(wall - reachMs);
      const after = offsetAt(wall + reachMs);
      const shown = [wall - before, wall - after].filter((instant) => at(instant) === wall);
      return shown.length > 0 ? Math.min(...shown) : findShift(offsetAt, wall - after, wall - before);
    },
  };
};

/** The first instant after `from`, up to `to`, that has another offset than `from`. */
const findShift = (offsetAt: (instant: number) => number, from: number, to: number): number => {
  const offset = offsetAt(from);
  let [low, high] = [from, to];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle) === offset) low = middle;
    else high = middle;
  }
  return high;
};
