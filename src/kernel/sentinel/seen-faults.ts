import { createHash } from 'node:crypto';

import type { Failure } from './failure.ts';
import { type Fault, identifyFault } from './fault.ts';
import type { ErrorSample } from './sample.ts';

/** What happened of one fault since somebody looked last. */
export type SeenFault = {
  /** 32 hex digits; the same fault has the same in every process. */
  readonly fingerprint: string;
  readonly operation: string | null;
  readonly code: string;
  readonly frames: readonly string[];
  readonly count: number;
  readonly firstSeenAt: Date;
  readonly lastSeenAt: Date;
  readonly lastTraceId: string;
  /** Of the first that needed one; a fault whose samples are stored still brings one at a time. */
  readonly samples: readonly ErrorSample[];
};

export const maxSamplesPerFault = 100;
/** Faults, and samples beside the first of each, that are held at once; faults beyond are counted together. */
const maxFaults = 1_000;
const maxSamples = 300;
const maxRemembered = 1_000;

const overflow: Fault = { code: 'TOO_MANY_DIFFERENT_ERRORS', frames: [], key: 'too many different errors' };

type Seen = { -readonly [K in keyof SeenFault]: SeenFault[K] };

/** Counts faults, and holds no more of them than it may, whatever is thrown. */
export class SeenFaults {
  #seen = new Map<string, Seen>();
  #samples = 0;
  /** By fingerprint, how many samples are stored elsewhere. */
  readonly #stored = new Map<string, number>();

  get isEmpty(): boolean {
    return this.#seen.size === 0;
  }

  add({ operation, error, traceId }: Failure, at: Date, sampleOf: () => ErrorSample): void {
    const fault = identifyFault(operation, error);
    // The last place is for those that find none.
    const hasRoom = this.#seen.has(fingerprintOf(fault)) || this.#seen.size < maxFaults - 1;
    const seen = this.#find(hasRoom ? { fault, operation, at } : { fault: overflow, operation: null, at });
    seen.count += 1;
    seen.lastSeenAt = at;
    seen.lastTraceId = traceId;
    if (!this.#needsSample(seen)) return;
    seen.samples = [...seen.samples, sampleOf()];
    this.#samples += 1;
  }

  take(): readonly SeenFault[] {
    const taken = [...this.#seen.values()];
    this.#seen = new Map();
    this.#samples = 0;
    return taken;
  }

  learn(fingerprint: string, samples: number): void {
    this.#stored.delete(fingerprint);
    this.#stored.set(fingerprint, samples);
    const [oldest] = this.#stored.keys();
    if (this.#stored.size > maxRemembered && oldest !== undefined) this.#stored.delete(oldest);
  }

  #find({ fault, operation, at }: { fault: Fault; operation: string | null; at: Date }): Seen {
    const fingerprint = fingerprintOf(fault);
    const known = this.#seen.get(fingerprint);
    if (known !== undefined) return known;
    const { code, frames } = fault;
    const times = { firstSeenAt: at, lastSeenAt: at, lastTraceId: '' };
    const seen = { fingerprint, operation, code, frames, ...times, count: 0, samples: [] };
    this.#seen.set(fingerprint, seen);
    return seen;
  }

  #needsSample({ fingerprint, samples }: Seen): boolean {
    if (samples.length === 0) return true;
    const wanted = maxSamplesPerFault - (this.#stored.get(fingerprint) ?? 0);
    return samples.length < wanted && this.#samples < maxSamples;
  }
}

const fingerprintOf = ({ key }: Fault): string => createHash('sha256').update(key).digest('hex').slice(0, 32);
