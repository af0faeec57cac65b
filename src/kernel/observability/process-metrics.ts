import { constants, monitorEventLoopDelay, PerformanceObserver, type PerformanceEntry } from 'node:perf_hooks';

import { Counter, Gauge, type Registry } from 'prom-client';

import type { Metrics } from './metrics.ts';

/**
 * CPU, memory, event loop and garbage collection under the names that prom-client and every Node dashboard use. Not its
 * `collectDefaultMetrics`, which also walks all open handles at each exposition and wakes an idle process every 10 ms.
 */
export const startProcessMetrics = (registry: Registry, histogram: Metrics['histogram']): void => {
  const gauge = createGaugeMaker(registry);
  const startedAt = Date.now() / 1000 - process.uptime();
  gauge('process_start_time_seconds', 'Start of the process, in seconds since 1970.', () => startedAt);
  gauge('process_resident_memory_bytes', 'Memory of the process in RAM.', () => process.memoryUsage.rss());
  gauge('nodejs_heap_size_used_bytes', 'JavaScript heap in use.', () => process.memoryUsage().heapUsed);
  gauge('nodejs_heap_size_total_bytes', 'JavaScript heap reserved.', () => process.memoryUsage().heapTotal);
  gauge('nodejs_external_memory_bytes', 'Memory of buffers and native objects.', () => process.memoryUsage().external);
  countCpu(registry);
  watchEventLoop(gauge);
  watchGarbageCollection(histogram);
};

type GaugeMaker = (name: string, help: string, read: () => number) => void;

const createGaugeMaker =
  (registry: Registry): GaugeMaker =>
  (name, help, read) => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  };

const countCpu = (registry: Registry): void => {
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time of the process, user and system.',
    registers: [registry],
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
};

/** Measures whole turns of the loop since the last exposition, not a timer's delay: an idle process stays asleep. */
const watchEventLoop = (gauge: GaugeMaker): void => {
  const turns = monitorEventLoopDelay({ samplePerIteration: true });
  turns.enable();
  const seconds = (nanoseconds: number) => (turns.count === 0 ? 0 : nanoseconds / 1e9);
  gauge('nodejs_eventloop_lag_p50_seconds', 'Median turn of the event loop since the last reading.', () =>
    seconds(turns.percentile(50)),
  );
  gauge('nodejs_eventloop_lag_p99_seconds', 'The 99th percentile of its turns.', () => seconds(turns.percentile(99)));
  gauge('nodejs_eventloop_lag_max_seconds', 'The longest of its turns.', () => {
    const longest = seconds(turns.max);
    turns.reset();
    return longest;
  });
};

const kinds: ReadonlyMap<unknown, string> = new Map([
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weakcb'],
]);

const watchGarbageCollection = (histogram: Metrics['histogram']): void => {
  const pauses = histogram({
    name: 'nodejs_gc_duration_seconds',
    help: 'Pauses of garbage collection, by kind.',
    labelNames: ['kind'],
    buckets: [0.001, 0.01, 0.1, 1, 5],
  });
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) pauses.observe({ kind: kindOf(entry) }, entry.duration / 1000);
  });
  observer.observe({ entryTypes: ['gc'] });
};

const kindOf = (entry: PerformanceEntry): string => {
  const detail: unknown = 'detail' in entry ? entry.detail : null;
  const kind: unknown = typeof detail === 'object' && detail !== null && 'kind' in detail ? detail.kind : null;
  return kinds.get(kind) ?? 'other';
};
