import type { Landed } from './get-value.ts';

/** Loads that are on their way, one for each id. */
export type Flights = {
  /** Joins the one that flies, or starts one. */
  join(id: string, start: () => Promise<Landed>): Promise<Landed>;
  /** Whoever asks from now on starts a new one: those that fly may have read what is outdated. */
  leave(ids: Iterable<string> | 'all'): void;
};

export const createFlights = (): Flights => {
  const flying = new Map<string, Promise<Landed>>();
  return {
    join: (id, start) => {
      const known = flying.get(id);
      if (known !== undefined) return known;
      const flight = start().finally(() => {
        if (flying.get(id) === flight) flying.delete(id);
      });
      // Those who wait may have left with an older value; somebody else has logged it.
      flight.catch(() => undefined);
      flying.set(id, flight);
      return flight;
    },
    leave: (ids) => {
      if (ids === 'all') flying.clear();
      else for (const id of ids) flying.delete(id);
    },
  };
};
