import type { Logger } from '../observability/logger.ts';
import { createRedactor } from '../observability/redact.ts';
import type { Failure } from './failure.ts';
import { createSample, type SampleDeps } from './sample.ts';
import { type SeenFault, SeenFaults } from './seen-faults.ts';

/** Gathers the errors of this process until somebody stores them. */
export type Sentinel = {
  /** Never throws and never waits. */
  record(failure: Failure): void;
  /** Everything that was gathered; from then on it is the caller's. */
  take(): readonly SeenFault[];
  /** How many samples of a fault are stored: past the limit it brings only one at a time. */
  learn(fingerprint: string, samples: number): void;
  /** Calls when there is something to take after there was nothing, or at once. Answers how to stop. */
  listen(listener: () => void): () => void;
};

export type SentinelDeps = Omit<SampleDeps, 'scrub'> & { readonly log: Logger };

export const createSentinel = (deps: SentinelDeps): Sentinel => {
  const sampleDeps = { ...deps, scrub: createRedactor().scrub };
  const seen = new SeenFaults();
  const listeners = new Set<() => void>();
  return {
    record: (failure) => {
      try {
        const wasEmpty = seen.isEmpty;
        seen.add(failure, deps.now(), () => createSample(sampleDeps, failure));
        if (wasEmpty) for (const listener of listeners) listener();
      } catch (err) {
        // It must not become another error: the first one is in the log already.
        deps.log.warn({ err }, 'an error could not be gathered');
      }
    },
    take: () => seen.take(),
    learn: (fingerprint, samples) => seen.learn(fingerprint, samples),
    listen: (listener) => {
      listeners.add(listener);
      if (!seen.isEmpty) listener();
      return () => void listeners.delete(listener);
    },
  };
};
