import type { Metrics } from '../observability/metrics.ts';

const outcomes = ['l1', 'l2', 'l3', 'load', 'stale', 'failed'] as const;

/** Where the answers of a namespace came from. `stale`: it could not be loaded in time; `failed`: nor was there any. */
export type Outcome = (typeof outcomes)[number];

export type Counted = { readonly namespace: string } & Readonly<Record<Outcome, number>>;

export type NamespaceCounter = {
  readonly counts: Record<Outcome, number>;
  add(outcome: Outcome): void;
};

/** How often each namespace was asked in this process, and what answered. */
export class Counters {
  readonly #byName = new Map<string, NamespaceCounter>();
  readonly #hits;
  readonly #misses;

  constructor(metrics: Pick<Metrics, 'counter'>) {
    this.#hits = metrics.counter({
      name: 'ashlar_cache_hits_total',
      help: 'Answers from a cache, by the tier that had it; stale: an older value, since a new one did not come in time.',
      labelNames: ['namespace', 'tier'],
    });
    this.#misses = metrics.counter({
      name: 'ashlar_cache_misses_total',
      help: 'Questions that no tier of the cache could answer.',
      labelNames: ['namespace'],
    });
  }

  of(namespace: string): NamespaceCounter {
    const known = this.#byName.get(namespace);
    if (known !== undefined) return known;
    const made = this.#make(namespace);
    this.#byName.set(namespace, made);
    return made;
  }

  all(): readonly Counted[] {
    return Array.from(this.#byName, ([namespace, { counts }]) => ({ namespace, ...counts }));
  }

  #make(namespace: string): NamespaceCounter {
    const counts = { l1: 0, l2: 0, l3: 0, load: 0, stale: 0, failed: 0 };
    const labels = {
      l1: { namespace, tier: 'l1' },
      l2: { namespace, tier: 'l2' },
      l3: { namespace, tier: 'l3' },
      stale: { namespace, tier: 'stale' },
    };
    const missed = { namespace };
    return {
      counts,
      add: (outcome) => {
        counts[outcome] += 1;
        if (outcome === 'load' || outcome === 'failed') this.#misses.add(missed);
        else this.#hits.add(labels[outcome]);
      },
    };
  }
}
