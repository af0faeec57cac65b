/** Whose doings count together. */
export type RateKey =
  /** Those of the actor who asks; not for anonymous actions. */
  | 'actor'
  /** Those from one IPv4 address or one IPv6 /64. */
  | 'address'
  /** Those with the same text in a field of the input; `subject` answers what stands behind it, null for nobody. */
  | { readonly field: string; readonly subject?: (value: string) => string | null };

/** How often something may be done, as a head says it. */
export type Rate = {
  readonly key: RateKey;
  /** So many in every `perSeconds` on average. */
  readonly limit: number;
  readonly perSeconds: number;
  /** So many at once after a pause. */
  readonly burst: number;
  /**
   * `shared` counts over all processes and costs a statement: for what is guessed at. `local` costs nothing; each process
   * has its share of the limit, which fits while a proxy spreads the requests evenly.
   */
  readonly store: 'local' | 'shared';
};

/** A rate under a name, as the limiter reckons with it. */
export type Policy = {
  /** Names it in headers, errors and stored keys: `actor`, `address`, or `module.operation-id`. */
  readonly name: string;
  readonly store: Rate['store'];
  readonly burst: number;
  /** From one to the next at the average rate. */
  readonly intervalMs: number;
  /** Until all of the burst is back. */
  readonly capacityMs: number;
};

/** The rate of a head, as its route keeps it. */
export type KeyedPolicy = { readonly key: RateKey; readonly policy: Policy };

/** Throws if the numbers are no rate: a mistake in a head, which stops the start. */
export const createPolicy = (name: string, { limit, perSeconds, burst, store }: Omit<Rate, 'key'>): Policy => {
  if (!(limit > 0 && perSeconds > 0 && Number.isInteger(burst) && burst >= 1)) {
    throw new Error(`the rate of ${name} needs a limit and perSeconds above 0, and a whole burst of at least 1`);
  }
  // Whole microseconds, as PostgreSQL keeps times: both stores then reckon alike.
  const intervalMs = Math.max(1, Math.round((perSeconds * 1_000_000) / limit)) / 1000;
  return { name, store, burst, intervalMs, capacityMs: burst * intervalMs };
};

/** What one of so many processes may allow of it: together they allow as much, but each at least one. */
export const shareOf = (policy: Policy, processes: number): Policy => {
  if (processes <= 1) return policy;
  const intervalMs = policy.intervalMs * processes;
  const burst = Math.max(1, Math.floor(policy.burst / processes));
  return { ...policy, burst, intervalMs, capacityMs: Math.max(policy.capacityMs, intervalMs) };
};
