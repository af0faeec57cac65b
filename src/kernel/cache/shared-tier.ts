import type { Stamp } from './ledger.ts';

/** An entry as other processes left it. */
export type Kept = Stamp & {
  /** JSON. */
  readonly value: string;
  readonly tags: readonly string[];
  /** How long it is as good as new, and how long it lives; negative: no more. */
  readonly freshMs: number;
  readonly livesMs: number;
};

export type KeptEntry = Stamp & {
  readonly value: string;
  readonly tags: readonly string[];
  readonly ttlMs: number;
  readonly graceMs: number;
};
