import { LRUCache } from 'lru-cache';

import { charge, repay } from './gcra.ts';
import { type Policy, shareOf } from './rate.ts';
import type { Reservation } from './reservation.ts';

/** Limits of this process alone, in memory: its share, whose numbers the reservation tells. */
export type LocalStore = {
  reserve(policy: Policy, key: string): Reservation;
  /** Takes an allowed reservation back, as far as time has not yet done so. */
  refund(reservation: Reservation): void;
  clear(policy: Policy, key: string): void;
  /** Keys that are kept. */
  readonly size: number;
};

type Options = {
  /** Milliseconds of a clock that is never set back. */
  readonly now: () => number;
  /** How many share a limit, this one included. Default 1. */
  readonly processes?: () => number;
  /**
   * Beyond it the key goes that was unused for longest, and with it the debt: whoever holds that many addresses is no
   * longer slowed down by these limits.
   */
  readonly maxKeys?: number;
};

type Cell = { tat: number };

export const createLocalStore = ({ now, processes = () => 1, maxKeys = 50_000 }: Options): LocalStore => {
  const shares = createShares(processes);
  const cells = new LRUCache<string, Cell>({ max: maxKeys });
  return {
    reserve: (whole, key) => {
      const policy = shares(whole);
      const at = now();
      const id = idOf(policy, key);
      const cell = cells.get(id);
      const tat = cell?.tat ?? at;
      const next = charge(tat, at, policy);
      if (next !== null) {
        if (cell === undefined) cells.set(id, { tat: next });
        else cell.tat = next;
      }
      const owed = next ?? tat;
      return { policy, key, isAllowed: next !== null, debtMs: owed - at, store: 'local', charged: owed };
    },
    refund: ({ policy, key, isAllowed, charged }) => {
      const cell = cells.get(idOf(policy, key));
      if (!isAllowed || cell === undefined) return;
      cell.tat = repay(cell.tat, now(), { charged, intervalMs: policy.intervalMs });
    },
    clear: (policy, key) => void cells.delete(idOf(policy, key)),
    get size() {
      return cells.size;
    },
  };
};

const idOf = ({ name }: Policy, key: string): string => `${name}\n${key}`;

/** The shares of each policy, made again only when processes come or go: every request asks for one. */
const createShares = (processes: () => number): ((policy: Policy) => Policy) => {
  let count = 1;
  let shares = new WeakMap<Policy, Policy>();
  return (policy) => {
    const now = processes();
    if (now !== count) {
      count = now;
      shares = new WeakMap();
    }
    if (count <= 1) return policy;
    const known = shares.get(policy) ?? shareOf(policy, count);
    shares.set(policy, known);
    return known;
  };
};
