/** What was counted in a time, by one process or by several. */
export type Counts = {
  readonly requests: number;
  /** Answered with a status of 500 or more. */
  readonly errors: number;
  /** Sum over the requests. */
  readonly latencyMs: number;
  /** Of each upper bound in milliseconds, how many requests took no longer and longer than the bound before. */
  readonly latency: Readonly<Record<string, number>>;
  readonly cacheHits: number;
  readonly cacheMisses: number;
  readonly tasksDone: number;
};

/** Null where there was nothing to take a share or an average of. */
export type Statistics = {
  readonly totalRequests: number;
  /** 0 to 1. */
  readonly errorRate: number | null;
  readonly averageLatencyMs: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  /** 0 to 1. */
  readonly cacheHitRate: number | null;
  readonly tasksDone: number;
};

export const nothingCounted: Counts = {
  requests: 0,
  errors: 0,
  latencyMs: 0,
  latency: {},
  cacheHits: 0,
  cacheMisses: 0,
  tasksDone: 0,
};

export const isNothing = ({ requests, cacheHits, cacheMisses, tasksDone }: Counts): boolean =>
  requests + cacheHits + cacheMisses + tasksDone === 0;

/** What was counted since `before`, which is of the same process. */
export const countedSince = (now: Counts, before: Counts): Counts => ({
  requests: now.requests - before.requests,
  errors: now.errors - before.errors,
  latencyMs: now.latencyMs - before.latencyMs,
  latency: Object.fromEntries(
    Object.entries(now.latency)
      .map(([bound, count]) => [bound, count - (before.latency[bound] ?? 0)] as const)
      .filter(([, count]) => count > 0),
  ),
  cacheHits: now.cacheHits - before.cacheHits,
  cacheMisses: now.cacheMisses - before.cacheMisses,
  tasksDone: now.tasksDone - before.tasksDone,
});

export const toStatistics = (counts: Counts): Statistics => {
  const { requests, errors, latencyMs, latency, cacheHits, cacheMisses, tasksDone } = counts;
  return {
    totalRequests: requests,
    errorRate: shareOf(errors, requests),
    averageLatencyMs: shareOf(latencyMs, requests),
    p95Ms: quantileOf(latency, 0.95),
    p99Ms: quantileOf(latency, 0.99),
    cacheHitRate: shareOf(cacheHits, cacheHits + cacheMisses),
    tasksDone,
  };
};

const shareOf = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);

/**
 * Linear within its bucket, as Prometheus' `histogram_quantile` is. Between 10 s and infinity it says 10 s: there is no
 * more to be known. Null without any.
 */
export const quantileOf = (latency: Counts['latency'], quantile: number): number | null => {
  const buckets = Object.entries(latency)
    .map(([bound, count]) => ({ upper: Number(bound), count }))
    .toSorted((one, other) => one.upper - other.upper);
  const rank = quantile * buckets.reduce((sum, { count }) => sum + count, 0);
  let below = 0;
  let last = 0;
  for (const { upper, count } of buckets) {
    if (upper === Infinity) return Math.max(last, overflowMs);
    // A bucket that nothing fell into is left out: the next smaller one may be far below.
    const lower = Math.max(last, upper / widestRatio);
    if (below + count >= rank) return lower + (upper - lower) * ((rank - below) / count);
    below += count;
    last = upper;
  }
  return null;
};

/** The largest bound of the histogram of requests. */
const overflowMs = 10_000;
/** No bucket of it is wider. */
const widestRatio = 1.27;
