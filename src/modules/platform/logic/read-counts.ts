import type { Metrics, Reading } from '#kernel/observability/metrics.ts';
import type { Counts } from '../domain/statistics.ts';

/** What this process has counted since its start, from its metrics: nothing is measured twice. */
export const readCounts = (metrics: Pick<Metrics, 'readings'>): Counts => {
  const requests = metrics.readings('ashlar_http_request_duration_seconds');
  const tasks = metrics.readings('ashlar_task_duration_seconds');
  return {
    requests: sum(requests, countOf),
    errors: sum(
      requests.filter(({ labels }) => Number(labels['status']) >= 500),
      countOf,
    ),
    latencyMs: sum(requests, ({ value }) => value) * 1000,
    latency: toLatency(requests),
    cacheHits: sum(metrics.readings('ashlar_cache_hits_total'), ({ value }) => value),
    cacheMisses: sum(metrics.readings('ashlar_cache_misses_total'), ({ value }) => value),
    tasksDone: sum(
      tasks.filter(({ labels }) => labels['outcome'] === 'done'),
      countOf,
    ),
  };
};

const sum = (readings: readonly Reading[], of: (reading: Reading) => number): number =>
  readings.reduce((total, reading) => total + of(reading), 0);

const countOf = ({ counts }: Reading): number => counts.reduce((total, { count }) => total + count, 0);

const toLatency = (readings: readonly Reading[]): Counts['latency'] => {
  const latency: Record<string, number> = {};
  for (const { bound, count } of readings.flatMap(({ counts }) => counts)) {
    // 0.0314 s are 31.400000000000002 ms: bounds have three digits.
    const key = String(Number((bound * 1000).toPrecision(3)));
    latency[key] = (latency[key] ?? 0) + count;
  }
  return latency;
};
