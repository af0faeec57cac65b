import type { Labels } from './series.ts';

export type MetricHead<L extends string> = {
  /** `ashlar_<module>_<what>_<unit>`; counters end in `_total`. Unique in the process. */
  readonly name: string;
  /** One sentence for an operator. */
  readonly help: string;
  readonly labelNames: readonly L[];
};

export type Counter<L extends string> = { add(labels: Labels<L>, amount?: number): void };
export type Histogram<L extends string> = { observe(labels: Labels<L>, value: number): void };
/** One value of a gauge at the moment of exposition. */
export type Sample<L extends string> = { readonly labels: Labels<L>; readonly value: number };

/** What was counted for some labels since the start of the process. */
export type Reading = {
  readonly labels: Readonly<Record<string, string | number>>;
  /** Of a counter its value, of a histogram the sum of what was observed. */
  readonly value: number;
  /** Of a histogram how many values there were up to each bound and above the one before; buckets without any are left out. */
  readonly counts: readonly { readonly bound: number; readonly count: number }[];
};

/** Every metric of the process; names are `ashlar_<module>_<what>_<unit>`, labels hold no ids. */
export type Metrics = {
  useCaseDuration(operation: string, outcome: string, seconds: number): void;
  /** `route` is the template (`/api/v1/things/{id}`), never the path that was asked for. */
  httpDuration(request: Labels<'route' | 'method' | 'status'>, seconds: number): void;
  /** `name` is the prepared query's name, or `unprepared`. */
  queryDuration(name: string, outcome: 'ok' | 'error', seconds: number): void;
  /** Errors of ours, by operation (`none` outside of one). */
  internalError(operation: string): void;
  /** A counter of a module's own. Throws if the name is taken, as the other two do. */
  counter<const L extends string>(head: MetricHead<L>): Counter<L>;
  /**
   * Buckets are upper bounds, ascending; default `durationBuckets`, in seconds. Each is counted in so many `parts`
   * (default 1), which are not exposed: for `readings`, from which percentiles are made.
   */
  histogram<const L extends string>(
    head: MetricHead<L> & { readonly buckets?: readonly number[]; readonly parts?: number },
  ): Histogram<L>;
  /** Read when somebody looks, not when it changes. A plain number for a gauge without labels. */
  gauge<const L extends string>(head: MetricHead<L> & { readonly read: () => number | readonly Sample<L>[] }): void;
  /** What a counter or a histogram has counted so far; nothing if there is none of this name. For who adds up. */
  readings(name: string): readonly Reading[];
  /** Prometheus text exposition format 0.0.4. The first call starts the process metrics. */
  expose(): Promise<string>;
  readonly contentType: string;
};
